import { createHmac } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import { AppError, ManualClock } from '#kernel';
import type { OidcIssuerConfig } from './config.schema.js';
import { createClientTokenVerifier, createTokenVerifier } from './token.verifier.js';
import type { TokenVerifier } from './tokens.js';

/** An issuer on no network: what it would serve, and how often it was asked. */
class FakeIssuer {
  keys: { kid: string; privateKey: CryptoKey; jwk: object }[] = [];
  away = false;
  asked = 0;
  discovery: Record<string, unknown>;

  constructor(
    readonly url: string,
    private readonly clock: ManualClock,
  ) {
    this.discovery = { issuer: url, jwks_uri: `${url}/keys` };
  }

  async addKey(kid: string, alg = 'ES256'): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    this.keys.push({ kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } });
  }

  serve(path: string): unknown {
    this.asked++;
    if (this.away) throw new AppError('ISSUER_UNAVAILABLE', `${this.url} is away`);
    return path === '/keys' ? { keys: this.keys.map(({ jwk }) => jwk) } : this.discovery;
  }

  sign(claims: JWTPayload = {}, header: Record<string, unknown> = {}): Promise<string> {
    const key = this.keys.at(-1);
    if (!key) throw new Error('no key');
    const now = Math.floor(this.clock.now() / 1000);
    const payload = { iss: this.url, aud: 'weir', sub: 'ann', iat: now, exp: now + 3600, ...claims };
    return new SignJWT(payload)
      .setProtectedHeader({ alg: 'ES256', kid: key.kid, ...header })
      .sign(key.privateKey);
  }
}

const settings = (name: string, issuer: string): OidcIssuerConfig => ({
  name,
  issuer,
  audience: 'weir',
  subjectClaim: 'sub',
  groupsClaim: 'groups',
  agents: ['agents'],
  algorithms: ['ES256'],
  clockSkew: 30,
});

let clock: ManualClock;
let corp: FakeIssuer;
let other: FakeIssuer;
let verifier: TokenVerifier;
beforeEach(async () => {
  clock = new ManualClock();
  corp = new FakeIssuer('https://corp.example', clock);
  other = new FakeIssuer('https://other.example/realm', clock);
  await corp.addKey('k1');
  await other.addKey('k1');
  verifier = createTokenVerifier({
    issuers: [settings('corp', corp.url), settings('other', other.url)],
    clock,
    fetchJson: (url) => {
      const issuer = [corp, other].find((candidate) => url.startsWith(candidate.url));
      return Promise.resolve().then(() => issuer?.serve(url.slice(issuer.url.length)));
    },
  });
});

const who = async (token: Promise<string>) => (await verifier.verify(await token)).principal;
const codeOf = async (token: string | Promise<string>) =>
  verifier.verify(await token).then(
    () => 'accepted',
    (error: unknown) => (error instanceof AppError ? error.code : error),
  );
const seconds = (offset: number) => Math.floor(clock.now() / 1000) + offset;
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a valid token', () => {
  it('says who acts', async () => {
    expect(await who(corp.sign({ groups: ['dba'], name: 'Ann' }))).toEqual({
      id: 'corp:ann',
      issuer: 'corp',
      subject: 'ann',
      kind: 'person',
      groups: ['dba'],
      displayName: 'Ann',
    });
    expect((await who(other.sign())).id).toBe('other:ann');
  });

  it('expires when it says', async () => {
    expect((await verifier.verify(await corp.sign({ exp: seconds(60) }))).expiresAt).toBe(
      clock.now() + 60_000,
    );
  });

  it.each<[string, number | undefined, number | undefined]>([
    ['was issued when it says, less what the clocks may differ', -60, -90_000],
    ['was issued now, by a clock that is a little ahead', 20, -10_000],
    ['does not say when, if that is in the future', 40, undefined],
    ['does not say when', undefined, undefined],
  ])('%s', async (_, iat, expected) => {
    const claims = { iat: iat === undefined ? undefined : seconds(iat) } as JWTPayload;
    const token = await corp.sign(claims);
    const { issuedAt } = await verifier.verify(token);
    expect(issuedAt).toBe(expected === undefined ? undefined : clock.now() + expected);
  });

  it.each([
    [['agents', 'dba'], ['agents', 'dba'], 'agent'],
    ['agents dba', ['agents', 'dba'], 'agent'],
    ['dba,ops', ['dba', 'ops'], 'person'],
    [undefined, [], 'person'],
    [{ agents: true }, [], 'person'],
    [['dba', 7, null, '', 'dba'], ['dba'], 'person'],
  ])('with groups %j is in %j: a %s', async (claim, groups, kind) => {
    expect(await who(corp.sign(claim === undefined ? {} : { groups: claim }))).toMatchObject({
      groups,
      kind,
    });
  });
});

describe('a delegated token (RFC 8693)', () => {
  it('names the actor as who acts, in the name of its subject, and the actor is an agent', async () => {
    expect(await who(corp.sign({ sub: 'ann', act: { sub: 'planner' }, groups: ['dba'] }))).toMatchObject({
      id: 'corp:planner',
      subject: 'planner',
      kind: 'agent',
      onBehalfOf: 'corp:ann',
      groups: ['dba'],
    });
  });

  it('ignores who acted before', async () => {
    const act = { sub: 'executor', act: { sub: 'planner' } };
    expect(await who(corp.sign({ act }))).toMatchObject({ id: 'corp:executor', onBehalfOf: 'corp:ann' });
  });

  it.each([
    ['planner'],
    [null],
    [{}],
    [{ sub: '' }],
    [{ sub: 'planner', iss: 'https://other.example/realm' }],
  ])('with the actor %j is refused', async (act) =>
    expect(await codeOf(corp.sign({ act }))).toBe('TOKEN_INVALID'),
  );
});

describe('what is refused', () => {
  it('a token of the wrong audience, of none, of an unknown or a similar issuer', async () => {
    expect(await codeOf(corp.sign({ aud: 'weir' }))).toBe('accepted');
    expect(await codeOf(corp.sign({ aud: ['else', 'weir'] }))).toBe('accepted');
    expect(await codeOf(corp.sign({ aud: 'else' }))).toBe('TOKEN_INVALID');
    expect(await codeOf(corp.sign({ aud: undefined as unknown as string }))).toBe('TOKEN_INVALID');
    expect(await codeOf(corp.sign({ iss: 'https://nobody.example' }))).toBe('TOKEN_INVALID');
    expect(await codeOf(corp.sign({ iss: 'https://corp.example/' }))).toBe('TOKEN_INVALID');
  });

  it("one issuer's token in another's name", async () => {
    expect(await codeOf(corp.sign({ iss: other.url }))).toBe('TOKEN_INVALID');
  });

  it('a token before and after its time, but for the clock skew', async () => {
    expect(await codeOf(corp.sign({ exp: seconds(-29) }))).toBe('accepted');
    expect(await codeOf(corp.sign({ exp: seconds(-31) }))).toBe('TOKEN_EXPIRED');
    expect(await codeOf(corp.sign({ nbf: seconds(29) }))).toBe('accepted');
    expect(await codeOf(corp.sign({ nbf: seconds(31) }))).toBe('TOKEN_INVALID');
    expect(await codeOf(corp.sign({ exp: undefined as unknown as number }))).toBe('TOKEN_INVALID');
  });

  it('a token without a subject, or with one that would garble a terminal', async () => {
    expect(await codeOf(corp.sign({ sub: undefined as unknown as string }))).toBe('TOKEN_INVALID');
    expect(await codeOf(corp.sign({ sub: 'ann\u001b[2J' }))).toBe('TOKEN_INVALID');
  });

  it('an altered payload', async () => {
    const [header, , signature] = (await corp.sign()).split('.');
    const forged = part({ iss: corp.url, aud: 'weir', sub: 'root', exp: seconds(60) });
    expect(await codeOf(`${header}.${forged}.${signature}`)).toBe('TOKEN_INVALID');
  });

  it('alg none, and HS256 with the public key as its secret', async () => {
    const claims = part({ iss: corp.url, aud: 'weir', sub: 'ann', exp: seconds(60) });
    expect(await codeOf(`${part({ alg: 'none' })}.${claims}.`)).toBe('TOKEN_INVALID');
    const input = `${part({ alg: 'HS256', kid: 'k1' })}.${claims}`;
    const mac = createHmac('sha256', JSON.stringify(corp.keys[0]?.jwk)).update(input).digest('base64url');
    expect(await codeOf(`${input}.${mac}`)).toBe('TOKEN_INVALID');
  });

  it("an algorithm that is the key's but not on the issuer's list", async () => {
    await corp.addKey('k2', 'ES384');
    expect(await codeOf(corp.sign({}, { alg: 'ES384' }))).toBe('TOKEN_INVALID');
  });

  it('a token that brings its own key', async () => {
    const mallory = new FakeIssuer(corp.url, clock);
    await mallory.addKey('k1');
    expect(await codeOf(mallory.sign())).toBe('TOKEN_INVALID');
    expect(await codeOf(mallory.sign({}, { jwk: mallory.keys[0]?.jwk }))).toBe('TOKEN_INVALID');
    expect(await codeOf(corp.sign({}, { jwk: corp.keys[0]?.jwk }))).toBe('TOKEN_INVALID');
    expect(await codeOf(corp.sign({}, { jku: 'https://mallory.example/keys' }))).toBe('TOKEN_INVALID');
  });

  it('a critical header that nobody here understands', async () => {
    const key = corp.keys[0];
    const claims = part({ iss: corp.url, aud: 'weir', sub: 'ann', exp: seconds(60) });
    const input = `${part({ alg: 'ES256', kid: 'k1', crit: ['exp2'], exp2: 1 })}.${claims}`;
    const signed = await crypto.subtle.sign(
      { name: 'ECDSA', hash: 'SHA-256' },
      key?.privateKey as CryptoKey,
      Buffer.from(input),
    );
    expect(await codeOf(`${input}.${Buffer.from(signed).toString('base64url')}`)).toBe('TOKEN_INVALID');
  });

  it.each([
    '../k1',
    'k1/../../keys',
    '/dev/null',
    'k1\u0000',
    "k1' OR '1'='1",
    'https://mallory.example/k1',
    '',
  ])('a key named %j: names are compared, never followed', async (kid) => {
    clock.advance(31_000);
    const asked = corp.asked;
    expect(await codeOf(corp.sign({}, { kid }))).toBe('TOKEN_INVALID');
    expect(corp.asked - asked).toBeLessThanOrEqual(2);
    expect(await codeOf(corp.sign())).toBe('accepted');
  });

  it('a token that is well signed and huge', async () => {
    const groups = (count: number) => Array.from({ length: count }, (_, i) => `group-${i}`);
    expect(await codeOf(corp.sign({ groups: groups(500) }))).toBe('accepted');
    expect(await codeOf(corp.sign({ groups: groups(2_000) }))).toBe('TOKEN_INVALID');
  });

  it.each([
    '',
    'x',
    'a.b.c',
    'a.b.c.d.e',
    `${part({ alg: 'ES256' })}.${part(['x'])}.x`,
    'eyJ'.repeat(10_000),
  ])('a text that is no token (%#)', async (text) => expect(await codeOf(text)).toBe('TOKEN_INVALID'));

  it('nothing of a token is repeated in the message', async () => {
    const token = await corp.sign({ aud: 'else', sub: 'sub-in-clear' });
    await expect(verifier.verify(token)).rejects.toSatisfy(
      (error: Error) =>
        !error.message.includes('sub-in-clear') && !error.message.includes(token.slice(0, 20)),
    );
  });
});

describe('what an issuer signs for a client', () => {
  const claims = async (token: string | Promise<string>, required = ['exp', 'sub']) => {
    const fetchJson = (url: string) => Promise.resolve(corp.serve(url.slice(corp.url.length)));
    const client = createClientTokenVerifier(settings('corp', corp.url), 'pages', { clock, fetchJson });
    return client.claims(await token, required).catch((error: AppError) => error.code);
  };

  it('is for that client, by that issuer, and has what it must', async () => {
    expect(await claims(corp.sign({ aud: 'pages' }))).toMatchObject({ sub: 'ann', aud: 'pages' });
    expect(await claims(corp.sign({ aud: 'weir' }))).toBe('TOKEN_INVALID');
    expect(await claims(other.sign({ aud: 'pages' }))).toBe('TOKEN_INVALID');
    expect(await claims(other.sign({ aud: 'pages', iss: corp.url }))).toBe('TOKEN_INVALID');
    expect(await claims(corp.sign({ aud: 'pages', exp: seconds(-60) }))).toBe('TOKEN_EXPIRED');
    expect(await claims(corp.sign({ aud: 'pages' }), ['events'])).toBe('TOKEN_INVALID');
    expect(await claims(corp.sign({ aud: 'pages' }, { jwk: corp.keys[0]?.jwk }))).toBe('TOKEN_INVALID');
    expect(await claims('eyJ'.repeat(10_000))).toBe('TOKEN_INVALID');
  });
});

describe('keys', () => {
  it('are fetched again for a key that is not known, but not more often than the cooldown allows', async () => {
    expect(await codeOf(corp.sign())).toBe('accepted');
    const asked = corp.asked;
    await corp.addKey('k2');
    expect(await codeOf(corp.sign())).toBe('TOKEN_INVALID');
    expect(corp.asked).toBe(asked);
    clock.advance(31_000);
    expect(await codeOf(corp.sign())).toBe('accepted');
  });

  it('that are known go on serving while the issuer is away, for a day', async () => {
    expect(await codeOf(corp.sign())).toBe('accepted');
    corp.away = true;
    clock.advance(23 * 3600_000);
    expect(await codeOf(corp.sign())).toBe('accepted');
    clock.advance(3600_000);
    expect(await codeOf(corp.sign())).toBe('ISSUER_UNAVAILABLE');
    corp.away = false;
    clock.advance(5_000);
    expect(await codeOf(corp.sign())).toBe('accepted');
  });

  it('an issuer that is away from the start is asked every five seconds, not for every token', async () => {
    corp.away = true;
    for (let i = 0; i < 5; i++) expect(await codeOf(corp.sign({ n: i }))).toBe('ISSUER_UNAVAILABLE');
    expect(corp.asked).toBe(1);
    expect(await codeOf(other.sign())).toBe('accepted');
    corp.away = false;
    clock.advance(5_000);
    expect(await codeOf(corp.sign())).toBe('accepted');
  });

  it('are not taken from a discovery document of another issuer', async () => {
    corp.discovery = { issuer: other.url, jwks_uri: `${corp.url}/keys` };
    expect(await codeOf(corp.sign())).toBe('ISSUER_UNAVAILABLE');
  });

  it('that the issuer withdrew end a remembered token within ten minutes', async () => {
    const token = await corp.sign();
    expect(await codeOf(token)).toBe('accepted');
    corp.keys = [];
    await corp.addKey('k2');
    clock.advance(10 * 60_000);
    expect(await codeOf(token)).toBe('TOKEN_INVALID');
  });
});

describe('a remembered token', () => {
  it('is checked once for a hundred connections at once', async () => {
    const token = await corp.sign();
    const results = await Promise.all(Array.from({ length: 100 }, () => verifier.verify(token)));
    expect(new Set(results).size).toBe(1);
    expect(corp.asked).toBe(2);
  });

  it('still expires', async () => {
    const token = await corp.sign({ exp: seconds(60) });
    expect(await codeOf(token)).toBe('accepted');
    clock.advance(91_000);
    expect(await codeOf(token)).toBe('TOKEN_EXPIRED');
  });

  it('is not taken for another that differs in its last letters', async () => {
    const token = await corp.sign();
    expect(await codeOf(token)).toBe('accepted');
    expect(await codeOf(`${token.slice(0, -4)}AAAA`)).toBe('TOKEN_INVALID');
  });
});
