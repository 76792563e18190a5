import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { int32, readReport } from './codec.js';
import { receiveClient } from './startup.js';

/** A client's socket as the gate sees it, from an address that this machine need not have. */
function clientFrom(remoteAddress: string, bytes: Buffer): { socket: Socket; sent: Buffer[] } {
  const sent: Buffer[] = [];
  const socket = new Duplex({
    read() {},
    write(chunk: Buffer, _, done) {
      sent.push(chunk);
      done();
    },
  });
  socket.push(bytes);
  return { socket: Object.assign(socket, { remoteAddress, remotePort: 5 }) as unknown as Socket, sent };
}

const body = Buffer.concat([int32(196608), Buffer.from('user\0ana\0database\0orders\0\0')]);
const startup = Buffer.concat([int32(body.length + 4), body]);
const password = Buffer.from('p\0\0\0\x06t\0');
const options = { secureContext: {} as SecureContext, timeoutMs: 1000 };

describe('a password without TLS', () => {
  it.each(['10.0.0.9', '::ffff:10.0.0.9', '2001:db8::1', ''])(
    'is not even asked for from %j',
    async (address) => {
      const { socket, sent } = clientFrom(address, Buffer.concat([startup, password]));
      await expect(receiveClient(socket, options)).rejects.toMatchObject({ code: 'TLS_REQUIRED' });
      const report = readReport(Buffer.concat(sent));
      expect(report.get('C')).toBe('28000');
      expect(report.get('H')).toMatch(/sslmode=require/);
      expect(sent).toHaveLength(1);
    },
  );

  it.each([
    ['127.0.0.1', '127.0.0.1:5'],
    ['::1', '::1:5'],
    ['::ffff:127.0.0.1', '127.0.0.1:5'],
  ])('is taken from %s', async (address, remoteAddress) => {
    const { socket, sent } = clientFrom(address, Buffer.concat([startup, password]));
    const arrival = await receiveClient(socket, options);
    expect(arrival).toMatchObject({
      kind: 'startup',
      password: 't',
      tls: false,
      remoteAddress,
    });
    expect(Buffer.concat(sent).toString('hex')).toBe('520000000800000003');
  });
});
