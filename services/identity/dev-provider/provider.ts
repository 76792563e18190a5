import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';
import { handleInteraction } from './dev-interaction.js';
import { pagePolicy, stylesheet, stylesheetPath, withButton } from './dev-pages.js';
import { DevStore } from './dev-store.file.js';
import { devConfiguration } from './provider.configuration.js';
import type { ProviderPlan } from './provider.plan.js';

/** The provider itself, in this thread. */
export async function createProvider(
  plan: ProviderPlan,
  onError: (error: Error) => void,
): Promise<RequestListener> {
  const { Provider, interactionPolicy } = await loadQuietly();
  const store = new DevStore(plan.storeFile, onError);
  const provider = new Provider(plan.issuer, devConfiguration(plan, store, interactionPolicy));
  provider.on('server_error', (_, error) => onError(error));
  provider.use(async (context, next) => {
    await next();
    if (typeof context.body === 'string' && context.body.includes('<script>'))
      context.body = withButton(plan, context.body);
  });
  return belowPath(plan, provider);
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
function belowPath(plan: ProviderPlan, provider: Provider): RequestListener {
  const library = provider.callback();
  return (request: IncomingMessage & { originalUrl?: string }, response: ServerResponse) => {
    request.originalUrl = request.url ?? '';
    request.url = request.originalUrl.slice(plan.path.length).replace(/^(?!\/)/, '/');
    response.setHeader('content-security-policy', pagePolicy);
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('referrer-policy', 'no-referrer');
    if (!isAskedByLoopbackName(request) || cameThroughProxy(request))
      return void response.writeHead(421).end();
    const path = request.url.replace(/\?[^]*/, '');
    if (path === stylesheetPath) return sendStylesheet(response);
    const [, uid] = /^\/interaction\/([\w-]+)$/.exec(path) ?? [];
    if (uid !== undefined) return void handleInteraction(plan, provider, uid, request, response);
    if (request.method === 'GET' && /^\/(auth(\/[\w-]+)?|device)$/.test(path)) forgetSession(request);
    library(request, response);
  };
}

/** A page whose own name was made to point here (DNS rebinding) could else sign in as anyone, and read the tokens. */
function isAskedByLoopbackName({ headers: { host = '' } }: IncomingMessage): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/.test(host);
}

/** Whoever asked is somewhere else, then, whatever `Host` and the socket say: a proxy on this machine has a loopback address. */
function cameThroughProxy({ headers }: IncomingMessage): boolean {
  return Object.keys(headers).some((name) => /^(forwarded|via|x-forwarded(-.*)?|x-real-ip)$/.test(name));
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
