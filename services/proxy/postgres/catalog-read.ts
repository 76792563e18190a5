import type { CatalogColumn } from '#statement';
import { readDefinitions } from './catalog-definitions.js';
import { queries } from './catalog-queries.js';
import { readRules, type RuleCache } from './catalog-rules.js';
import {
  baseType,
  type CatalogSnapshot,
  type Composite,
  type Relation,
  type TypeFacts,
  type ViewDefinition,
} from './catalog-snapshot.js';
import { systemRelations } from './catalog-system.js';
import type { Row } from './target-channel.js';

/** Runs one query text and gives its rows as text: `Target.query`. */
export type Ask = (text: string) => Promise<Row[]>;

/** What one reading leaves for the next one of the same target. */
export interface ReadMemory {
  identity: string;
  rules: RuleCache;
  definitions: ReadonlyMap<number, ViewDefinition>;
}

export const newMemory = (): ReadMemory => ({ identity: '', rules: new Map(), definitions: new Map() });

type Undefined = Omit<CatalogSnapshot, 'definitions'>;
type Types = CatalogSnapshot['types'];

/** Reads the whole catalog in one snapshot of the server, and then the views' texts. Rethrows what the target says. */
export async function readCatalog(ask: Ask, memory: ReadMemory): Promise<CatalogSnapshot> {
  await ask(`begin isolation level repeatable read, read only; set local search_path = ''`);
  let read: Undefined;
  try {
    read = await readAll(ask, memory);
  } finally {
    await ask('rollback');
  }
  memory.definitions = await readDefinitions(ask, read, memory.definitions);
  return { ...read, definitions: memory.definitions };
}

/** The same snapshot, or one that has the texts of views whose relations were locked before. */
export async function readMissingDefinitions(
  ask: Ask,
  memory: ReadMemory,
  snapshot: CatalogSnapshot,
): Promise<CatalogSnapshot> {
  if (snapshot.definitions.size === snapshot.views.size) return snapshot;
  const definitions = await readDefinitions(ask, snapshot, memory.definitions);
  if (definitions.size === snapshot.definitions.size) return snapshot;
  memory.definitions = definitions;
  return { ...snapshot, definitions };
}

async function readAll(ask: Ask, memory: ReadMemory): Promise<Undefined> {
  const numbers = async (text: string) => (await ask(text)).map((row) => row.map(Number));
  const names = async (text: string) => new Set((await ask(text)).map((row) => row[0]!));
  const [database, system, version, count] = (await ask(queries.identity))[0]!;
  const identity = `${database}:${system}`;
  // OIDs and transaction numbers of another database say nothing here.
  if (memory.identity !== identity) Object.assign(memory, { ...newMemory(), identity });
  const types = readTypes(await ask(queries.types));
  return {
    identity,
    ...readRelations(await ask(queries.relations), types),
    system: await systemRelations(
      `${system}:${version}:${count}`,
      async () => readRelations(await ask(queries.systemRelations), types).relations,
    ),
    children: (await numbers(queries.children)).map(([child, parent]) => ({
      child: child!,
      parent: parent!,
    })),
    ...(await readRules(ask, memory.rules)),
    generated: (await numbers(queries.generated)).map(([relation, from, to]) => ({
      relation: relation!,
      from: from!,
      to: to!,
    })),
    functions: await names(queries.functions),
    operators: await names(queries.operators),
    types,
    words: await names(queries.words),
  };
}

function readRelations(
  rows: readonly Row[],
  types: Types,
): { relations: Map<number, Relation>; composites: Map<number, Composite> } {
  const relations = new Map<number, Relation>();
  const composites = new Map<number, Composite>();
  const names = new Map<string, string>();
  for (const [oid, schema, name, kind, toast, rowType, rowArrayType, version, json] of rows) {
    const columns = readColumns(json ?? '[]', types, names);
    if (kind === 'c') composites.set(Number(rowType), { columns, arrayType: Number(rowArrayType) });
    else
      relations.set(Number(oid), {
        oid: Number(oid),
        schema: shared(names, schema!),
        name: name!,
        kind: shared(names, kind!),
        columns,
        version: version!,
        toast: Number(toast),
        rowType: Number(rowType),
        rowArrayType: Number(rowArrayType),
      });
  }
  return { relations, composites };
}

function readColumns(json: string, types: Types, names: Map<string, string>): CatalogColumn[] {
  const entries = JSON.parse(json) as [number, string, number][];
  return entries
    .map(([attnum, name, typeOid]) => ({
      name: shared(names, name),
      attnum,
      typeOid: baseType(types, typeOid),
    }))
    .sort((a, b) => a.attnum - b.attnum);
}

/** One string for all that are equal: `id` and `created_at` stand in thousands of tables. */
function shared(names: Map<string, string>, name: string): string {
  const known = names.get(name);
  if (known === undefined) names.set(name, name);
  return known ?? name;
}

function readTypes(rows: readonly Row[]): Map<number, TypeFacts> {
  const kinds: Readonly<Record<string, TypeFacts['kind']>> = {
    b: 'base',
    d: 'domain',
    e: 'enum',
    r: 'range',
  };
  return new Map(
    rows.map(([oid, kind, base, element]) => [
      Number(oid),
      { kind: kinds[kind ?? ''] ?? 'other', base: Number(base), element: Number(element) },
    ]),
  );
}
