import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { prefixesOf } from '../../services/all/api/api.files.js';
import { mergedDocument } from '../../services/all/api/api.document.js';
import { routesOf } from '../../services/all/api/api.routes.js';
import { apiSlice, apiSlices, type ApiSlice } from '../../services/all/api/api.slices.js';
import { targetNames, type TargetName } from '../../services/all/targets.js';
import { root } from '../support/house.js';

/* `node deploy/dev/api.mjs` writes these files anew. */
const committed = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'));
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('what follows from the controllers', () => {
  let slices: ReadonlyMap<TargetName, ApiSlice>;
  let house: ApiSlice;
  beforeAll(async () => {
    slices = await apiSlices();
    house = await apiSlice(targetNames);
  }, 60_000);

  const merged = () => mergedDocument([...slices.values()].map(({ document }) => document));

  it('is the routing table that is committed', () => {
    expect(committed('services/all/api/routes.json')).toEqual(routesOf(slices));
  });

  it('is the document that is committed: the slices of all targets are the document of the house', () => {
    expect(committed('services/all/api/openapi.json')).toEqual(plain(merged()));
    expect(plain(merged())).toEqual(plain(house.document));
  });

  it('is the part of it that the pages are generated from', async () => {
    const { consolePart } = (await import('../../deploy/dev/console-api.mjs' as string)) as {
      consolePart: (document: unknown) => unknown;
    };
    expect(committed('services/console/api/openapi.json')).toEqual(plain(consolePart(plain(merged()))));
  });

  it('has each path once, and routes it to who serves it', () => {
    const routes = routesOf(slices);
    for (const [target, { paths }] of slices)
      for (const template of paths) {
        const path = template.replaceAll(/\{\w+\}|\*\w+/g, 'x1');
        const route = routes.find((each) =>
          'pattern' in each
            ? new RegExp(each.pattern).test(path)
            : each.prefix === '/' || path === each.prefix || path.startsWith(`${each.prefix}/`),
        );
        expect([template, route?.target]).toEqual([template, target]);
      }
    expect(house.paths).toEqual([...slices.values()].flatMap(({ paths }) => paths).toSorted());
    expect(house.paths.length).toBeGreaterThan(30);
  });

  /** The gate hands them to its audit process. */
  it('has all of audit below its prefixes', () => {
    const prefixes = prefixesOf('audit');
    for (const path of slices.get('audit')!.paths)
      expect([path, prefixes.some((prefix) => `${path}/`.startsWith(`${prefix}/`))]).toEqual([path, true]);
  });
});
