import { isRecord } from './json.js';

/** A route of the OpenAPI document, with every path parameter filled in. */
export interface Route {
  readonly method: string;
  readonly path: string;
}

/** Served without a token: the document itself, and the ways that browsers take to sign in. */
export const publicPaths = [
  '/api/openapi.json',
  '/api/identity/providers',
  '/api/identity/sign-in/x',
  '/api/identity/callback/x',
  '/api/identity/back-channel-logout/x',
  '/api/identity/saml/x/metadata',
  '/api/identity/saml/x/acs',
  '/api/identity/saml/x/finish',
  '/api/identity/saml/x/logout',
];

/** Every route that the application at `url` documents. */
export async function documentedRoutes(url: string): Promise<Route[]> {
  const document: unknown = await (await fetch(`${url}/api/openapi.json`)).json();
  if (!isRecord(document) || !isRecord(document['paths'])) throw new Error('no OpenAPI document');
  return Object.entries(document['paths']).flatMap(([path, methods]) =>
    Object.keys(isRecord(methods) ? methods : {}).map((method) => ({
      method: method.toUpperCase(),
      path: path.replace(/\{\w+\}/g, 'x'),
    })),
  );
}

/** The status that a route answers, with an empty body; the guard must refuse before any body is looked at. */
export function statusOf(url: string, route: Route, token?: string): Promise<number> {
  return statusWith(url, route, token === undefined ? {} : { authorization: `Bearer ${token}` });
}

/** The same with these headers. */
export async function statusWith(
  url: string,
  { method, path }: Route,
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  const answer = await fetch(url + path, { method, redirect: 'manual', headers });
  await answer.body?.cancel();
  return answer.status;
}
