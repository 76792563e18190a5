import { z } from 'zod';
import { CliError, exit } from '../exit-codes.js';
import { fetchGate } from '../gate.fetch.js';
import type { Login, LoginFile } from './login.file.js';
import { discover, providerFailure, type CliProvider } from './login.provider.js';

/** What a provider's token endpoint gave. */
export interface Granted {
  readonly access_token: string;
  readonly id_token?: string | undefined;
  readonly refresh_token?: string | undefined;
  readonly expires_in?: number | undefined;
}

const me = z.looseObject({
  id: z.string(),
  displayName: z.string().optional(),
  roles: z.array(z.string()),
});
export type Me = z.infer<typeof me>;

/** A token is used until this long before its end. Milliseconds. */
const margin = 60_000;

/**
 * Which of the tokens this gate takes, and as whom. Some providers' access tokens are for themselves and opaque
 * (Google's): then it is the ID token, if the gate's audience is the client.
 */
export async function settle(
  gate: string,
  { name, issuer, clientId }: CliProvider,
  granted: Granted,
  now: number,
): Promise<{ login: Login; me: Me }> {
  for (const use of ['access', 'id'] as const) {
    const taken = tokenOf(granted, use, now);
    const known = taken && (await whoIs(gate, taken.token));
    if (!taken || !known) continue;
    const refresh = granted.refresh_token === undefined ? {} : { refreshToken: granted.refresh_token };
    return { login: { provider: name, issuer, clientId, use, ...taken, ...refresh }, me: known };
  }
  throw new CliError(
    exit.refused,
    'you are signed in, but the gate takes none of the tokens that the provider gave',
    'TOKEN_INVALID',
    "the access token's audience must be the gate's `audience`: see docs/configuration.md",
  );
}

/** The login's token, a fresh one where it ends soon; undefined where nobody is signed in at this gate. */
export async function loginToken(
  file: LoginFile,
  gate: string,
  now: () => number,
): Promise<string | undefined> {
  const known = await file.get(gate);
  if (!known || isFresh(known, now())) return known?.token;
  // Another command may have been first while this one waited its turn.
  const login = await file.change(gate, async (held) =>
    isFresh(held, now()) ? held : refreshed(held, now()),
  );
  return login?.token;
}

function isFresh({ expiresAt }: Login, now: number): boolean {
  return now < expiresAt - margin;
}

async function refreshed(login: Login, now: number): Promise<Login> {
  if (login.refreshToken === undefined) throw over();
  const oidc = await import('openid-client');
  const config = await discover(login);
  const granted: Granted = await oidc
    .refreshTokenGrant(config, login.refreshToken)
    .catch((cause: unknown) => {
      throw cause instanceof oidc.ResponseBodyError
        ? over()
        : providerFailure('the token cannot be renewed', cause);
    });
  const taken = tokenOf(granted, login.use, now);
  if (!taken) throw over();
  return { ...login, ...taken, refreshToken: granted.refresh_token ?? login.refreshToken };
}

function over(): CliError {
  return new CliError(
    exit.refused,
    'your sign-in is over',
    'TOKEN_EXPIRED',
    'run `weir login`, or `weir logout`',
  );
}

function tokenOf(
  granted: Granted,
  use: Login['use'],
  now: number,
): { token: string; expiresAt: number } | undefined {
  if (use === 'access')
    return { token: granted.access_token, expiresAt: now + (granted.expires_in ?? 300) * 1000 };
  if (granted.id_token === undefined) return undefined;
  return { token: granted.id_token, expiresAt: expiryOf(granted.id_token) };
}

/** Of a token that the library has read already: what the gate makes of it is the gate's business. */
function expiryOf(token: string): number {
  const body = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return z.object({ exp: z.number() }).parse(JSON.parse(body)).exp * 1000;
}

async function whoIs(gate: string, token: string): Promise<Me | undefined> {
  const answer = await fetchGate(`${gate}/api/identity/me`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return answer.ok ? me.parse(await answer.json()) : undefined;
}
