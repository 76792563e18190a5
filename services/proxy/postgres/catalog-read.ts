import type { CallingCast, CatalogColumn, TypeReach } from '#statement';
import { readDefinitions } from './catalog-definitions.js';
import { readRelations, type KnownColumns } from './catalog-relations.js';
import { queries } from './catalog-queries.js';
import { readRules, type RuleCache } from './catalog-rules.js';
import { type CatalogSnapshot, type TypeFacts, type ViewDefinition } from './catalog-snapshot.js';
import { systemRelations } from './catalog-system.js';
import type { Row } from './target-channel.js';

/** Runs one query text and gives its rows as text: `Target.query`. */
export type Ask = (text: string) => Promise<Row[]>;

/** What one reading leaves for the next one of the same target. */
export interface ReadMemory {
  identity: string;
  columns: KnownColumns;
  rules: RuleCache;
  definitions: ReadonlyMap<number, ViewDefinition>;
}

export const newMemory = (): ReadMemory => ({
  identity: '',
  columns: new Map(),
  rules: new Map(),
  definitions: new Map(),
});

type Undefined = Omit<CatalogSnapshot, 'definitions'>;

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
  const [database, cluster, version, count] = (await ask(queries.identity))[0]!;
  const identity = `${database}:${cluster}`;
  // OIDs and transaction numbers of another database say nothing here.
  if (memory.identity !== identity) Object.assign(memory, { ...newMemory(), identity });
  const types = readTypes(await ask(queries.types));
  const own = await readRelations(ask, queries.relations, types, memory.columns);
  const system = await systemRelations(
    `${cluster}:${version}:${count}`,
    async () => (await readRelations(ask, queries.systemRelations, types, new Map())).relations,
  );
  return {
    identity,
    encoding: encodingOf((await ask(queries.encoding))[0]!),
    ...own,
    system,
    children: (await numbers(queries.children)).map(([child, parent]) => ({
      child: child!,
      parent: parent!,
    })),
    partitionKeys: (await numbers(queries.partitionKeys)).map(([relation, attnum]) => ({
      relation: relation!,
      attnum: attnum!,
    })),
    ...(await readRules(ask, memory.rules)),
    generated: (await numbers(queries.generated)).map(([relation, from, to]) => ({
      relation: relation!,
      from: from!,
      to: to!,
    })),
    functions: await names(queries.functions),
    operators: await names(queries.operators),
    casts: (await ask(queries.casts)).map(castOf),
    types,
    words: withColumns(await names(queries.words), [own.relations, own.composites, system]),
  };
}

function castOf([how, source, target, from, to]: Row): CallingCast {
  const isDomain = how === 'check';
  return {
    said: isDomain ? target! : `${source} to ${target}`,
    source: reachOf(from!),
    target: reachOf(to!),
    how: isDomain ? how : how === 'explicit' ? how : 'implicit',
  };
}

function reachOf(json: string): TypeReach {
  const [anywhere, names, relations] = JSON.parse(json) as [boolean, string[], number[]];
  return { anywhere, names: new Set(names), relations: new Set(relations) };
}

/** Bytes beyond ASCII are folded by the locale, where a character is one byte; of SQL_ASCII they are parts of one. */
function encodingOf([name, width, locale]: Row): CatalogSnapshot['encoding'] {
  if (name === 'UTF8') return undefined;
  const isPlain = Number(width) > 1 || locale === 'C' || locale === 'POSIX';
  return { width: Number(width), folds: isPlain ? 'nothing' : name === 'SQL_ASCII' ? 'any' : 'capitals' };
}

function withColumns(
  words: Set<string>,
  all: readonly ReadonlyMap<number, { readonly columns: readonly CatalogColumn[] }>[],
): Set<string> {
  for (const some of all)
    for (const { columns } of some.values()) for (const { name } of columns) words.add(name);
  return words;
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
