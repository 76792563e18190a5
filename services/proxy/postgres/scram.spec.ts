import { describe, expect, it } from 'vitest';
import { saslPrep, startScram, type ScramOptions } from './scram.js';

// The example of RFC 7677, section 3.
const rfc = {
  nonce: 'rOprNGfwEbeRWgbNEkqO',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
};

const start = (more: Partial<ScramOptions> = {}) =>
  startScram({
    password: 'pencil',
    userName: 'user',
    nonce: rfc.nonce,
    offered: ['SCRAM-SHA-256'],
    binding: 'none',
    ...more,
  });

describe('SCRAM-SHA-256', () => {
  it('does the example of the RFC', async () => {
    const exchange = start();
    expect(exchange.clientFirst).toBe(`n,,n=user,r=${rfc.nonce}`);
    expect(await exchange.clientFinal(rfc.serverFirst)).toBe(rfc.clientFinal);
    exchange.verify(rfc.serverFinal);
  });

  it.each(['v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=', 'v=', 'v=AAAA', 'e=other-error', ''])(
    'does not believe a server that ends with %j',
    async (serverFinal) => {
      const exchange = start();
      await exchange.clientFinal(rfc.serverFirst);
      expect(() => exchange.verify(serverFinal)).toThrow(
        expect.objectContaining({ code: 'TARGET_UNTRUSTED' }),
      );
    },
  );

  it('does not believe a server that proves itself before it was asked', () => {
    expect(() => start().verify(rfc.serverFinal)).toThrow(/no signature/);
  });

  it.each([
    ['the nonce is another', 'r=other,s=W22Z,i=4096'],
    ['the nonce adds nothing', `r=${rfc.nonce},s=W22Z,i=4096`],
    ['there is no salt', `r=${rfc.nonce}x,s=,i=4096`],
    ['the count is low', `r=${rfc.nonce}x,s=W22Z,i=4095`],
    ['the count is a way to keep us busy', `r=${rfc.nonce}x,s=W22Z,i=1000001`],
    ['the count is none', `r=${rfc.nonce}x,s=W22Z,i=-4096`],
    ['an unknown extension must be understood', `m=x,r=${rfc.nonce}x,s=W22Z,i=4096`],
    ['it says nothing', ''],
  ])('refuses a first message where %s', async (_, serverFirst) => {
    await expect(start().clientFinal(serverFirst)).rejects.toMatchObject({ code: 'TARGET_UNTRUSTED' });
  });

  it('takes the most iterations that are allowed', async () => {
    await expect(start().clientFinal(`r=${rfc.nonce}x,s=W22Z,i=1000000`)).resolves.toMatch(/^c=/);
  });

  it('says which channel it is bound to, and whether it could be', () => {
    const binding = { name: 'tls-server-end-point', data: Buffer.from('hash') } as const;
    const both = ['SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS'];
    const header = (exchange: { mechanism: string; clientFirst: string }) =>
      `${exchange.mechanism} ${exchange.clientFirst.split('n=user')[0]}`;
    expect(header(start({ binding, offered: both }))).toBe('SCRAM-SHA-256-PLUS p=tls-server-end-point,,');
    expect(header(start({ binding }))).toBe('SCRAM-SHA-256 y,,');
    expect(header(start({ binding: 'unknown', offered: both }))).toBe('SCRAM-SHA-256 n,,');
    expect(header(start({ offered: both }))).toBe('SCRAM-SHA-256 n,,');
    expect(() => start({ offered: ['SCRAM-SHA-1'] })).toThrow(
      expect.objectContaining({ code: 'TARGET_REFUSED' }),
    );
  });

  it('prepares a password as RFC 4013 says, and leaves it where that fails', () => {
    expect(saslPrep('I\u00adX')).toBe('IX');
    expect(saslPrep('\u2168')).toBe('IX');
    expect(saslPrep('a\u00a0b')).toBe('a b');
    expect(saslPrep('a\u0007é')).toBe('a\u0007é');
    expect(saslPrep('plain "text" ,=')).toBe('plain "text" ,=');
  });
});
