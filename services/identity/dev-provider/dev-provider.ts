import type { IncomingMessage, ServerResponse } from 'node:http';
import { Logger } from '@nestjs/common';
import {
  devGroups,
  devProviderPath,
  devRoles,
  planDevProvider,
  type DevRole,
  type Mount,
  type WeirConfig,
} from '#platform';
import { openDevSecrets, type DevSecrets } from './dev-secrets.file.js';
import { ForgetfulAdapter } from './forgetful.adapter.js';

/** Seconds. */
const tokenLife = 3600;

/**
 * The development OpenID provider, as a mount for `bootHttp`; none where an issuer is configured or anything
 * listens beyond loopback, and then one log line says why. It tells the time by the system's clock: the
 * library takes no other.
 */
export async function openDevProvider(config: WeirConfig): Promise<Mount | undefined> {
  const log = new Logger('dev-provider');
  const plan = planDevProvider(config);
  if (!plan.start) {
    log.log(`the development OpenID provider is not started: ${plan.why}`);
    return undefined;
  }
  const secrets = await openDevSecrets(config.dataDir);
  const { Provider } = await loadQuietly();
  const provider = new Provider(plan.issuer.issuer, configuration(secrets, plan.issuer.audience));
  provider.on('server_error', (_, error) => log.error({ message: error.message, error }));
  return { path: devProviderPath, handle: belowPath(provider.callback()) };
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
function belowPath(handle: Mount['handle']): Mount['handle'] {
  return (request: IncomingMessage & { originalUrl?: string }, response: ServerResponse) => {
    request.originalUrl = request.url ?? '';
    request.url = request.originalUrl.slice(devProviderPath.length).replace(/^(?!\/)/, '/');
    handle(request, response);
  };
}

function configuration(secrets: DevSecrets, audience: string): Record<string, unknown> {
  const resource = `urn:${audience}:api`;
  return {
    adapter: ForgetfulAdapter,
    jwks: { keys: secrets.keys },
    clients: devRoles.map((role) => ({
      client_id: secrets.clients[role].id,
      client_secret: secrets.clients[role].secret,
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
      const role = devRoles.find((name) => secrets.clients[name].id === token.clientId);
      return role && { groups: [devGroups[role]], name: displayNameOf(role) };
    },
  };
}

function displayNameOf(role: DevRole): string {
  return `Development ${role}`;
}
