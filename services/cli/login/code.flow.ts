import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Configuration } from 'openid-client';
import { CliError, exit } from '../exit-codes.js';
import { providerFailure } from './login.provider.js';
import type { Granted } from './login.tokens.js';

/** Milliseconds that a person has in the browser. */
const patience = 5 * 60_000;

/**
 * Authorization code with PKCE, the answer to a loopback address (RFC 8252, section 7.3). `show` gets the address
 * for the browser.
 */
export async function codeFlow(
  config: Configuration,
  scopes: readonly string[],
  show: (url: string) => void,
): Promise<Granted> {
  const oidc = await import('openid-client');
  const [verifier, state, nonce] = [oidc.randomPKCECodeVerifier(), oidc.randomState(), oidc.randomNonce()];
  const server = createServer();
  try {
    const redirectUri = `http://127.0.0.1:${await listening(server)}/callback`;
    const answer = answerWith(server, redirectUri, state);
    const url = oidc.buildAuthorizationUrl(config, {
      ...{ redirect_uri: redirectUri, scope: scopes.join(' '), state, nonce },
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    show(url.href);
    const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier };
    return await oidc.authorizationCodeGrant(config, await answer, checks).catch((cause: unknown) => {
      throw providerFailure('the sign-in failed', cause);
    });
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** The first request with our state: another program on this machine may knock, too, and is told nothing. */
function answerWith(server: Server, redirectUri: string, state: string): Promise<URL> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(
      () => reject(new CliError(exit.refused, 'nobody signed in within five minutes')),
      patience,
    ).unref(); // the listener keeps the command running, and nothing else shall
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const url = new URL(request.url ?? '/', redirectUri);
      const isOurs = request.method === 'GET' && url.pathname === '/callback';
      if (!isOurs || url.searchParams.get('state') !== state) return say(response, 404, 'Not found');
      say(response, 200, 'The terminal goes on. You can close this page.');
      clearTimeout(late);
      resolve(url);
    });
  });
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    connection: 'close',
  });
  response.end(`${text}\n`);
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
