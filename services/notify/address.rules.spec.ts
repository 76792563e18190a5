import { describe, expect, it } from 'vitest';
import { reachOf } from './address.rules.js';

describe('an address', () => {
  it.each(['8.8.8.8', '93.184.216.34', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808'])(
    'is public: %s',
    (address) => expect(reachOf(address)).toBe('public'),
  );

  it.each([
    ...['127.0.0.1', '127.9.9.9', '10.1.2.3', '172.16.0.1', '192.168.1.1', '100.64.0.1'],
    ...['::1', 'fc00::1', 'fd12::1', '::ffff:127.0.0.1', '::ffff:a00:1', '64:ff9b::7f00:1'],
  ])('is private: %s', (address) => expect(reachOf(address)).toBe('private'));

  it.each([
    // Clouds' metadata, however it is written.
    ...[
      '169.254.169.254',
      '::ffff:169.254.169.254',
      '64:ff9b::a9fe:a9fe',
      'fd00:ec2::254',
      '100.100.100.200',
    ],
    ...['168.63.129.16', 'fd20:ce::254'],
    // This network, broadcast, multicast, documentation, benchmarks, reserved.
    ...['0.0.0.0', '0.1.2.3', '255.255.255.255', '224.0.0.1', '192.0.2.1', '198.18.0.1', '240.0.0.1'],
    ...['::', 'fe80::1', 'fec0::1', 'ff02::1', '2001:db8::1', '100::1'],
    // IPv4 inside IPv6 by other ways: compatible, translated, 6to4, Teredo, local NAT64.
    ...['::7f00:1', '::ffff:0:7f00:1', '2002:7f00:1::', '2001::1', '64:ff9b:1::7f00:1'],
    ...['4000::1', '3fff::1', '', 'localhost', 'fe80::1%eth0', '1.2.3.4.5'],
  ])('is no place for a webhook: %s', (address) => expect(reachOf(address)).toBe('never'));
});
