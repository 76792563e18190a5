import { isLoopbackHost } from '#wire';
import type { Configuration } from 'openid-client';
import { z } from 'zod';
import { CliError, exit, usageError } from '../exit-codes.js';
import { fetchGate, isForeign, notAGate } from '../gate.fetch.js';

const providerList = z.object({
  providers: z.array(
    z.object({
      name: z.string(),
      cli: z.object({ issuer: z.url(), clientId: z.string(), scopes: z.array(z.string()) }).nullable(),
    }),
  ),
});

export interface CliProvider {
  readonly name: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
}

/** Where one can sign in to this gate from a terminal: the one that is named, or the only one. */
export async function providerOf(gate: string, wanted: string | undefined): Promise<CliProvider> {
  const answer = await fetchGate(`${gate}/api/identity/providers`, {});
  if (isForeign(answer.status)) throw notAGate(answer);
  const parsed = providerList.safeParse(await answer.json().catch(() => undefined));
  if (!parsed.success) throw new CliError(exit.failed, 'the gate does not say where to sign in');
  const offered = parsed.data.providers.flatMap(({ name, cli }) => (cli ? [{ name, ...cli }] : []));
  const names = offered.map(({ name }) => name).join(', ');
  const found = offered.filter(({ name }) => wanted === undefined || name === wanted);
  if (found.length > 1) throw usageError(`several providers sign in here: --provider, one of ${names}`);
  if (found[0]) return found[0];
  throw new CliError(
    exit.notFound,
    wanted === undefined
      ? 'no provider of this gate lets a command sign in'
      : `no provider ${wanted} lets a command sign in`,
    'NOT_FOUND',
    names === '' ? 'set identity.oidc[].signIn.cliClientId, or WEIR_TOKEN here' : `there is: ${names}`,
  );
}

/** The provider's endpoints, found by discovery: over https, on this machine also without. */
export async function discover({
  issuer,
  clientId,
}: Pick<CliProvider, 'issuer' | 'clientId'>): Promise<Configuration> {
  const oidc = await import('openid-client');
  const { protocol, hostname } = new URL(issuer);
  const isPlain = protocol === 'http:' && isLoopbackHost(hostname);
  try {
    return await oidc.discovery(new URL(issuer), clientId, undefined, oidc.None(), {
      execute: isPlain ? [oidc.allowInsecureRequests] : [],
    });
  } catch (cause) {
    throw providerFailure(`the identity provider ${issuer} cannot be used`, cause);
  }
}

/** What went wrong at the provider, in its own words, on one line. */
export function providerFailure(what: string, cause: unknown): CliError {
  const { message, error, error_description: why } = Object(cause) as Record<string, unknown>;
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : undefined;
  const words = [error ?? inner ?? message, why].filter((word) => typeof word === 'string');
  return new CliError(
    exit.refused,
    `${what}: ${words.join(': ').replace(/\p{Cc}+/gu, ' ')}`,
    'UNAUTHENTICATED',
  );
}
