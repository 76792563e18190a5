import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { isAppError, type AppError } from '#kernel';
import { MessageScanner } from '#wire';
import type { TargetAddress } from '../../services/proxy/gate/gate.js';
import {
  backend,
  byte,
  cstring,
  frontend,
  message,
  readyForQuery,
} from '../../services/proxy/postgres/codec.js';
import { connectTarget } from '../../services/proxy/postgres/target.js';

const sasl = (...mechanisms: string[]) =>
  message(backend.authentication, 10, ...mechanisms.map(cstring), byte(0));
const more = (words: string) => message(backend.authentication, 11, Buffer.from(words));
const final = (words: string) => message(backend.authentication, 12, Buffer.from(words));
const ok = message(backend.authentication, 0);
const cleartext = message(backend.authentication, 3);
const md5 = message(backend.authentication, 5, Buffer.from('salt'));
const key = message(backend.backendKeyData, 7, Buffer.from('1234'));
const status = (name: string, value: string) => message(backend.parameterStatus, name, value);
const pinned = Buffer.concat([
  status('client_encoding', 'UTF8'),
  status('standard_conforming_strings', 'on'),
]);
const ready = readyForQuery('I');
const scram = sasl('SCRAM-SHA-256');
const salt = Buffer.from('salt').toString('base64');

/** What it answers to the startup message, then to each password message; the client's nonce stands for NONCE. */
type Script = readonly (Buffer | ((nonce: string) => Buffer))[];

const untrusted: Readonly<Record<string, Script>> = {
  'a signature that is false': [scram, (nonce) => more(`r=${nonce}x,s=${salt},i=4096`), final(`v=${Buffer.alloc(32, 7).toString('base64')}`)],
  'no signature': [scram, (nonce) => more(`r=${nonce}x,s=${salt},i=4096`), ok],
  'an empty signature': [scram, (nonce) => more(`r=${nonce}x,s=${salt},i=4096`), final('v=')],
  'the error of SCRAM in its place': [scram, (nonce) => more(`r=${nonce}x,s=${salt},i=4096`), final('e=other-error')],
  'a signature before the exchange': [scram, final(`v=${Buffer.alloc(32).toString('base64')}`)],
  'that all is well before the exchange': [scram, ok],
  'the first message twice': [scram, (nonce) => more(`r=${nonce}x,s=${salt},i=4096`), (nonce) => more(`r=${nonce}x,s=${salt},i=4096`)],
  // CVE-2026-6669, CVE-2026-42198: a server names an iteration count that keeps its client's processor busy.
  'a thousand million iterations (CVE-2026-6669)': [scram, (nonce) => more(`r=${nonce}x,s=${salt},i=1000000000`)],
  'more iterations than a number holds': [scram, (nonce) => more(`r=${nonce}x,s=${salt},i=99999999999999999999`)],
  'one iteration': [scram, (nonce) => more(`r=${nonce}x,s=${salt},i=1`)],
  'a nonce that is not ours': [scram, more(`r=other,s=${salt},i=4096`)],
  'our nonce and nothing of its own': [scram, (nonce) => more(`r=${nonce},s=${salt},i=4096`)],
  // CVE-2026-6665: PgBouncer's stack overflowed by a server's long nonce.
  'a nonce of 100 KB (CVE-2026-6665)': [scram, (nonce) => more(`r=${nonce}${'x'.repeat(100_000)},s=${salt},i=4096`)],
  'a nonce of 25 KB, and no proof': [scram, (nonce) => more(`r=${nonce}${'x'.repeat(25_000)},s=${salt},i=4096`), ok],
  'no salt': [scram, (nonce) => more(`r=${nonce}x,s=,i=4096`)],
  'nonsense': [scram, more('\0\0\0')],
  'SCRAM, then the password in the clear': [scram, cleartext],
  'SCRAM, then MD5': [scram, md5],
  'the password in the clear, twice': [cleartext, cleartext],
  'another version': [message(backend.negotiateProtocolVersion, 196608, 0)],
  'to be ready before the password': [Buffer.concat([pinned, key, ready])],
  'a cancel key without a secret': [Buffer.concat([ok, message(backend.backendKeyData, 7), ready])],
  'a cancel key of 3 bytes': [Buffer.concat([ok, message(backend.backendKeyData, 7, Buffer.from('123')), ready])],
  'a cancel key of 300 bytes': [Buffer.concat([ok, message(backend.backendKeyData, 7, Buffer.alloc(300)), ready])],
  'a setting of 1 MB': [Buffer.concat([ok, status('x', 'y'.repeat(1_000_000))])],
  'ten thousand settings': [Buffer.concat([ok, ...Array.from({ length: 10_000 }, (_, n) => status(`s${n}`, 'x'))])],
  'notices without end': [Buffer.concat(Array.from({ length: 200 }, () => message(backend.noticeResponse, `M${'x'.repeat(20_000)}`, byte(0))))],
  'rows during the login': [Buffer.concat([ok, message(backend.dataRow, Buffer.alloc(2))])],
  'a transaction that nobody began': [Buffer.concat([ok, pinned, readyForQuery('T')])],
  'a state that is none': [Buffer.concat([ok, pinned, message(backend.readyForQuery, byte(0x51))])],
}; // prettier-ignore

const refused: Readonly<Record<string, Script>> = {
  'an unknown mechanism': [sasl('SCRAM-MD5')],
  'no mechanism': [sasl()],
  'GSSAPI': [message(backend.authentication, 7)],
  'a way that does not exist': [message(backend.authentication, 99)],
  'an error without SQLSTATE (CVE-2026-6666)': [message(backend.errorResponse, 'Mno code', byte(0))],
  'an empty error': [message(backend.errorResponse, byte(0))],
  'strings with escapes': [Buffer.concat([ok, status('client_encoding', 'UTF8'), status('standard_conforming_strings', 'off'), ready])],
  'an encoding of its own': [Buffer.concat([ok, status('client_encoding', 'SJIS'), status('standard_conforming_strings', 'on'), ready])],
}; // prettier-ignore

const password = 'a password that stays here 31';

describe('a target that is hostile at the login', () => {
  let server: Server | undefined;
  const sockets = new Set<Socket>();
  let said = '';
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server?.close();
    said = '';
  });

  /** Plays the script, one answer a message; what it is told it keeps. */
  async function scripted(script: Script): Promise<TargetAddress> {
    server = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      const scanner = new MessageScanner({ maxLength: 100_000 });
      let step = 0;
      let nonce = '';
      const answer = () => {
        const next = script[step++];
        if (next) socket.write(typeof next === 'function' ? next(nonce) : next);
      };
      socket.once('data', () => {
        socket.on('data', (chunk: Buffer) => {
          said += chunk.toString('latin1');
          scanner.push(chunk, (_, buffer, start, end) => {
            nonce = /r=([^,]+)/.exec(buffer.toString('latin1', start, end))?.[1] ?? nonce;
            answer();
          });
        });
        answer();
      });
    });
    await new Promise<void>((listening) => server!.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as { port: number };
    return { name: 'orders', host: '127.0.0.1', port, database: 'd', user: 'u', password, tls: 'disable', allowPrivileged: true, owner: '' }; // prettier-ignore
  }

  async function failure(script: Script): Promise<AppError> {
    const error = await connectTarget(await scripted(script)).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!isAppError(error)) throw new Error(`expected a refusal, got ${String(error)}`);
    return error;
  }

  it.each(Object.entries(untrusted))('says %s: it is not trusted', async (_, script) => {
    const began = performance.now();
    expect((await failure(script)).code).toBe('TARGET_UNTRUSTED');
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it.each(Object.entries(refused))('says %s: it is refused', async (_, script) => {
    expect((await failure(script)).code).toBe('TARGET_REFUSED');
  });

  it('never learns the password from an exchange that it broke', async () => {
    for (const name of ['SCRAM, then the password in the clear', 'SCRAM, then MD5']) {
      await failure(untrusted[name]!);
      expect(said).not.toContain(password);
      expect(said).not.toMatch(/md5[0-9a-f]{32}/);
    }
  });

  it('is let in where it keeps the rules, and not waited for where it then says nothing', async () => {
    const address = await scripted([Buffer.concat([ok, pinned, key, ready])]);
    const target = await connectTarget(address, new Map(), 300);
    await expect(target.query('select 1')).rejects.toThrow(/timeout|aborted/i);
    target.close();
  });

  it('has no more memory of ours than its settings take', async () => {
    const flood = Buffer.concat(Array.from({ length: 10_000 }, (_, n) => status(`s${n}`, 'x')));
    const address = await scripted([Buffer.concat([ok, pinned, key, ready]), Buffer.concat([flood, ready])]);
    const target = await connectTarget(address);
    await expect(target.query(`select 'what it is asked'`)).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
    });
    expect(target.parameters.size).toBeLessThan(300);
    target.close();
  });

  it('sends a login with everything that it may say', async () => {
    const notice = message(backend.noticeResponse, 'SNOTICE', 'Mwelcome', byte(0));
    const many = Array.from({ length: 60 }, (_, n) => status(`s${n}`, 'x'));
    const long = message(backend.backendKeyData, 7, Buffer.alloc(256, 1));
    const target = await connectTarget(await scripted([Buffer.concat([notice, cleartext]), Buffer.concat([ok, pinned, ...many, notice, long, ready])])); // prettier-ignore
    expect(target.pid).toBe(7);
    expect(said[0]).toBe(String.fromCharCode(frontend.password));
    target.close();
  });
});
