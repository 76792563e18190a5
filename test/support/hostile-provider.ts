import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';

export interface Asked {
  readonly path: string;
  readonly body: URLSearchParams;
}

/** An OpenID provider that does as it is told, lies included: no real one can be had that way. */
export class HostileProvider {
  /** What the ID token says beside the usual; undefined leaves a claim out. */
  claims: Record<string, unknown> = { groups: ['approvers'] };
  header: Record<string, unknown> = {};
  /** Makes the ID token from what an honest provider would sign. */
  forge: ((claims: JWTPayload) => Promise<string> | string) | undefined;
  /** Of the token endpoint, by grant type: an error's status and code. */
  refuse: Record<string, { status: number; error: string }> = {};
  /** Refresh tokens are answered when this is. */
  held: Promise<void> | undefined;
  /** No endpoint answers. */
  away = false;
  refreshTokens = true;
  idTokenOnRefresh = true;
  userinfo: Record<string, unknown> | undefined;
  userinfoAway = false;
  /** What userinfo answers instead: a status. */
  userinfoRefuses: number | undefined;
  /** A refresh token is good for one use, and a second use is refused. */
  rotates = false;
  readonly #used = new Set<string>();
  readonly asked: Asked[] = [];
  readonly discovery: Record<string, unknown> = {};
  key!: CryptoKey;
  publicKey!: CryptoKey;
  jwk!: JWK & { kid: string };
  #nonces = new Map<string, string>();
  #count = 0;
  #server!: Server;

  static async start(): Promise<HostileProvider> {
    const provider = new HostileProvider();
    await provider.newKey();
    provider.#server = createServer((request, response) => void provider.#answer(request, response));
    await new Promise<void>((done) => provider.#server.listen(0, '127.0.0.1', done));
    return provider;
  }

  async newKey(): Promise<void> {
    const pair = await generateKeyPair('ES256', { extractable: true });
    this.key = pair.privateKey;
    this.publicKey = pair.publicKey;
    this.jwk = { ...(await exportJWK(pair.publicKey)), kid: `k${++this.#count}`, alg: 'ES256', use: 'sig' };
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** `weir.yaml`'s entry for it. */
  entry(name: string, more = '', own = ''): string {
    return `{ name: ${name}, issuer: "${this.issuer}", audience: weir, algorithms: [ES256], clockSkew: 0${own}, signIn: { clientId: pages${more} } }`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  sign(claims: JWTPayload, header: Record<string, unknown> = {}, key: CryptoKey = this.key): Promise<string> {
    const protectedHeader = { alg: 'ES256', kid: this.jwk.kid, ...header };
    return new SignJWT(claims).setProtectedHeader(protectedHeader).sign(key, { crit: { urgent: true } });
  }

  /** A code for whoever was sent here with this address, as the way back. */
  answerTo(authorizationUrl: string, change: (answer: URLSearchParams) => void = () => undefined): string {
    const { searchParams: asked } = new URL(authorizationUrl);
    const code = `code-${++this.#count}`;
    this.#nonces.set(code, asked.get('nonce') ?? '');
    const answer = new URLSearchParams({ code, state: asked.get('state') ?? '', iss: this.issuer });
    change(answer);
    return `${asked.get('redirect_uri')}?${answer.toString()}`;
  }

  idToken(nonce: string | undefined): Promise<string> | string {
    const now = Math.floor(Date.now() / 1000);
    const usual = { iss: this.issuer, aud: 'pages', sub: 'ann', iat: now, exp: now + 7 * 24 * 3600, nonce };
    const claims = JSON.parse(JSON.stringify({ ...usual, ...this.claims })) as JWTPayload;
    return this.forge ? this.forge(claims) : this.sign(claims, this.header);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', this.issuer).pathname;
    if (this.away) return void request.socket.destroy();
    const body = new URLSearchParams(await text(request));
    this.asked.push({ path, body });
    const send = (status: number, value: unknown) => {
      const challenge = status === 401 ? { 'www-authenticate': 'Bearer error="invalid_token"' } : {};
      response.writeHead(status, { 'content-type': 'application/json', ...challenge });
      response.end(JSON.stringify(value));
    };
    if (path === '/.well-known/openid-configuration')
      return send(200, { ...this.#metadata(), ...this.discovery });
    if (path === '/keys') return send(200, { keys: [this.jwk] });
    if (path === '/userinfo')
      return this.userinfoAway ? send(503, {}) : send(this.userinfoRefuses ?? 200, this.userinfo);
    if (path === '/revoke') return send(200, {});
    if (path !== '/token') return send(404, {});
    const grant = body.get('grant_type') ?? '';
    if (grant === 'refresh_token') await this.held;
    const refused = this.refuse[grant];
    if (refused) return send(refused.status, { error: refused.error });
    const token = body.get('refresh_token') ?? '';
    if (this.rotates && this.#used.has(token)) return send(400, { error: 'invalid_grant' });
    if (token !== '') this.#used.add(token);
    send(200, await this.#tokens(grant, body));
  }

  async #tokens(grant: string, body: URLSearchParams): Promise<object> {
    const isRefresh = grant === 'refresh_token';
    const nonce = this.#nonces.get(body.get('code') ?? '');
    const withId = !isRefresh || this.idTokenOnRefresh;
    return {
      access_token: 'opaque',
      token_type: 'Bearer',
      expires_in: 300,
      ...(this.refreshTokens ? { refresh_token: `refresh-${++this.#count}` } : {}),
      ...(withId ? { id_token: await this.idToken(isRefresh ? undefined : nonce) } : {}),
    };
  }

  #metadata(): Record<string, unknown> {
    const { issuer } = this;
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/keys`,
      revocation_endpoint: `${issuer}/revoke`,
      end_session_endpoint: `${issuer}/end`,
      ...(this.userinfo ? { userinfo_endpoint: `${issuer}/userinfo` } : {}),
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
      authorization_response_iss_parameter_supported: true,
    };
  }
}
