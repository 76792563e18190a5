import { z } from 'zod';
import type { ApiSlice } from './api.slices.js';

/** Where a front sends a request: the first entry that takes its path. A prefix takes whole segments. */
export const apiRoute = z.union([
  z.strictObject({ pattern: z.string(), target: z.string() }),
  z.strictObject({ prefix: z.string(), target: z.string() }),
]);
export type ApiRoute = z.infer<typeof apiRoute>;

/** Beside the API: pages, sign-in, the merged document. */
const rest: readonly ApiRoute[] = [
  { prefix: '/api/openapi.json', target: 'identity' },
  { prefix: '/', target: 'identity' },
];

/**
 * The routing table of all targets. What one target serves whole goes by its first segment; where several share one, it is
 * that of who serves the bare path, and each path of the others has a pattern before it. Throws where two serve one path.
 */
export function routesOf(slices: ReadonlyMap<string, Pick<ApiSlice, 'paths'>>): ApiRoute[] {
  const served = [...slices].flatMap(([target, { paths }]) => paths.map((path) => ({ path, target })));
  for (const one of served)
    for (const other of served)
      if (one.target < other.target && overlap(one.path.split('/'), other.path.split('/')))
        throw new Error(
          `${one.path} is served by ${one.target}, ${other.path} by ${other.target}: which one is it?`,
        );
  const prefixes = [...new Set(served.map(({ path }) => prefixOf(path)))].toSorted();
  const owners = new Map(prefixes.map((prefix) => [prefix, ownerOf(prefix, served)]));
  const others = served.filter(({ path, target }) => owners.get(prefixOf(path)) !== target);
  return [
    ...others.map(({ path, target }) => ({ pattern: patternOf(path), target })),
    ...prefixes.map((prefix) => ({ prefix, target: owners.get(prefix)! })),
    ...rest,
  ];
}

type Served = { readonly path: string; readonly target: string };

const prefixOf = (path: string) => path.split('/').slice(0, 3).join('/');
const isParameter = (segment: string) => /^[{*]/.test(segment);

function ownerOf(prefix: string, served: readonly Served[]): string {
  const below = served.filter(({ path }) => prefixOf(path) === prefix);
  const targets = [...new Set(below.map(({ target }) => target))];
  const owner = targets.length === 1 ? targets[0] : below.find(({ path }) => path === prefix)?.target;
  if (owner === undefined) throw new Error(`${prefix} is shared by ${targets.join(', ')}, and is nobody's`);
  return owner;
}

/** Some path is meant by both. */
function overlap([a, ...restOfA]: readonly string[], [b, ...restOfB]: readonly string[]): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.startsWith('*') || b.startsWith('*')) return true;
  return (a === b || isParameter(a) || isParameter(b)) && overlap(restOfA, restOfB);
}

function patternOf(path: string): string {
  const segments = path.split('/').map((segment) => {
    if (segment.startsWith('*')) return '.+';
    return isParameter(segment) ? '[^/]+' : segment.replaceAll(/[.*+?^$()[\]|\\]/g, '\\$&');
  });
  return `^${segments.join('/')}$`;
}
