import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Mount } from '#platform';
import { apiRoute } from './api.routes.js';

/* Both are written by deploy/dev/api.mjs from the controllers; a test compares. */
const routesFile = new URL('./routes.json', import.meta.url);
const documentFile = new URL('./openapi.json', import.meta.url);

/** The prefixes below which a target's slice of the API is. */
export function prefixesOf(target: string): string[] {
  const routes = z.array(apiRoute).parse(JSON.parse(readFileSync(routesFile, 'utf8')));
  return routes.flatMap((route) => (route.target === target && 'prefix' in route ? [route.prefix] : []));
}

/** The document of the whole API, whoever serves it: routes do not change while processes come and go. */
export function apiDocumentMount(): Mount {
  const body = Buffer.from(JSON.stringify(JSON.parse(readFileSync(documentFile, 'utf8'))));
  return {
    path: '/api/openapi.json',
    handle: (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
      response.end(body);
    },
  };
}
