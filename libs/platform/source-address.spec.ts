import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { parseNetworks, sourceAddress } from './source-address.js';

const from = (remoteAddress: string | undefined, forwarded: string | undefined, trusted: string[]) =>
  sourceAddress(
    {
      socket: { remoteAddress } as IncomingMessage['socket'],
      headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    },
    parseNetworks(trusted),
  );

describe('the address that a request comes from', () => {
  it.each([
    ['the peer', '192.0.2.1', undefined, [], '192.0.2.1'],
    ['the peer in one form', '::ffff:192.0.2.1', undefined, [], '192.0.2.1'],
    ['the peer, whatever it says', '192.0.2.1', '10.0.0.9', [], '192.0.2.1'],
    ['the peer, where another is trusted', '192.0.2.1', '10.0.0.9', ['192.0.2.2'], '192.0.2.1'],
    ['what a trusted proxy says', '10.0.0.1', '192.0.2.1', ['10.0.0.0/8'], '192.0.2.1'],
    ['what it says over a mapped address', '::ffff:10.0.0.1', '192.0.2.1', ['10.0.0.0/8'], '192.0.2.1'],
    [
      'the nearest stranger, not what that one says',
      '10.0.0.1',
      '1.1.1.1, 192.0.2.1',
      ['10.0.0.0/8'],
      '192.0.2.1',
    ],
    ['through two proxies', '10.0.0.1', '192.0.2.1, 10.0.0.2', ['10.0.0.0/8'], '192.0.2.1'],
    ['the proxy, where it says nothing', '10.0.0.1', undefined, ['10.0.0.0/8'], '10.0.0.1'],
    ['the proxy, where it says nonsense', '10.0.0.1', 'evil, 10.0.0.2, ::x', ['10.0.0.0/8'], '10.0.0.1'],
    ['of another family', 'fd00::1', '2001:db8::1', ['fd00::/8', '10.0.0.0/8'], '2001:db8::1'],
    ['nothing, over a Unix socket', undefined, '192.0.2.1', ['10.0.0.0/8'], ''],
  ])('is %s', (_, peer, forwarded, trusted, expected) => {
    expect(from(peer, forwarded, trusted)).toBe(expected);
  });

  it.each(['10.0.0.0/33', 'proxy.example', '10', '10.1', '', '0.0.0.0/x'])(
    'is not configured as "%s"',
    (text) => {
      expect(() => parseNetworks([text])).toThrow(/neither an address nor a network/);
    },
  );
});
