import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Logger } from '@nestjs/common';
import type { Provider } from 'oidc-provider';
import { devProviderPath, planDevProvider, type Mount, type WeirConfig } from '#platform';
import { isLoopbackHost } from '#wire';
import { handleInteraction } from './dev-interaction.js';
import { pagePolicy, stylesheet, stylesheetPath, withButton } from './dev-pages.js';
import { devConfiguration } from './dev-provider.configuration.js';
import { openDevSecrets } from './dev-secrets.file.js';
import { DevStore } from './dev-store.file.js';

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
  const { Provider, interactionPolicy: policy } = await loadQuietly();
  const { publicUrl, dataDir } = config;
  const { audience, issuer } = plan.issuer;
  const parts = { publicUrl, audience, secrets, store: new DevStore(dataDir), policy };
  const provider = new Provider(issuer, devConfiguration(parts));
  provider.on('server_error', (_, error) => log.error({ message: error.message, error }));
  provider.use(async (context, next) => {
    await next();
    if (typeof context.body === 'string' && context.body.includes('<script>'))
      context.body = withButton(context.body);
  });
  return { path: devProviderPath, handle: belowPath(provider) };
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
function belowPath(provider: Provider): RequestListener {
  const library = provider.callback();
  return (request: IncomingMessage & { originalUrl?: string }, response: ServerResponse) => {
    request.originalUrl = request.url ?? '';
    request.url = request.originalUrl.slice(devProviderPath.length).replace(/^(?!\/)/, '/');
    response.setHeader('content-security-policy', pagePolicy);
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('referrer-policy', 'no-referrer');
    if (!isAskedByLoopbackName(request)) return void response.writeHead(421).end();
    const path = request.url.replace(/\?[^]*/, '');
    if (path === stylesheetPath) return sendStylesheet(response);
    const [, uid] = /^\/interaction\/([\w-]+)$/.exec(path) ?? [];
    if (uid !== undefined) return void handleInteraction(provider, uid, request, response);
    if (request.method === 'GET' && /^\/(auth(\/[\w-]+)?|device)$/.test(path)) forgetSession(request);
    library(request, response);
  };
}

/** A page whose own name was made to point here (DNS rebinding) could else sign in as anyone, and read the tokens. */
function isAskedByLoopbackName({ headers: { host = '' } }: IncomingMessage): boolean {
  return URL.canParse(`http://${host}`) && isLoopbackHost(new URL(`http://${host}`).hostname);
}

/** Each way begins as nobody: the library would else ask to end the former session before another role's begins. */
function forgetSession(request: IncomingMessage): void {
  const kept = (request.headers.cookie ?? '').split(';').filter((pair) => !/^\s*_session/.test(pair));
  request.headers.cookie = kept.join(';');
}

function sendStylesheet(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/css; charset=utf-8' });
  response.end(stylesheet);
}
