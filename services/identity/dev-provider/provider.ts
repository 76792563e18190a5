import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { ForgetfulAdapter } from './forgetful.adapter.js';

/** Seconds. */
const tokenLife = 3600;

/** Plain data: it crosses into a thread. */
export interface ProviderPlan {
  readonly issuer: string;
  readonly audience: string;
  /** Where it is mounted. */
  readonly path: string;
  /** Private, as JWKs. */
  readonly keys: readonly object[];
  readonly clients: readonly ProviderClient[];
}

export interface ProviderClient {
  readonly id: string;
  readonly secret: string;
  readonly group: string;
  readonly name: string;
}

/**
 * The provider itself. It imports no lib of ours: it runs in a thread, and each thread loads all its modules anew
 * (half a second of processor time for the platform's).
 */
export async function createProvider(
  plan: ProviderPlan,
  onError: (error: Error) => void,
): Promise<RequestListener> {
  const { Provider } = await loadQuietly();
  const provider = new Provider(plan.issuer, configuration(plan));
  provider.on('server_error', (_, error) => onError(error));
  return belowPath(plan.path, provider.callback());
}

/**
 * On loading, the library warns on the terminal of every Node that is not the newest long-term one. The tests
 * run it on each that we support; nobody who starts the gate can do anything with that line.
 */
async function loadQuietly(): Promise<typeof import('oidc-provider')> {
  const { warn } = console;
  console.warn = () => undefined;
  try {
    return await import('oidc-provider');
  } finally {
    console.warn = warn;
  }
}

/** The provider routes by its own paths; `originalUrl` tells it where it is mounted. */
function belowPath(path: string, handle: RequestListener): RequestListener {
  return (request: IncomingMessage & { originalUrl?: string }, response: ServerResponse) => {
    request.originalUrl = request.url ?? '';
    request.url = request.originalUrl.slice(path.length).replace(/^(?!\/)/, '/');
    handle(request, response);
  };
}

function configuration({ audience, keys, clients }: ProviderPlan): Record<string, unknown> {
  const resource = `urn:${audience}:api`;
  return {
    adapter: ForgetfulAdapter,
    jwks: { keys },
    clients: clients.map(({ id, secret }) => ({
      client_id: id,
      client_secret: secret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    })),
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    responseTypes: ['code'],
    ttl: { ClientCredentials: tokenLife },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        getResourceServerInfo: () => ({
          scope: '',
          audience,
          accessTokenTTL: tokenLife,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
    extraTokenClaims: (_: unknown, token: { clientId?: string }) => {
      const client = clients.find(({ id }) => id === token.clientId);
      return client && { groups: [client.group], name: client.name };
    },
  };
}
