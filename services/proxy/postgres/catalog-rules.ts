import { queries, ruleTrees } from './catalog-queries.js';
import type { Ask } from './catalog-read.js';
import type { RuleReads, ViewFacts } from './catalog-snapshot.js';

/** What is known of a rule, kept while the rule's row stays the same. Key: rule OID and xmin. */
export type RuleCache = Map<string, RuleTree>;

interface RuleTree {
  readonly wholeRow: boolean;
  readonly hazard: boolean;
  readonly returns: boolean;
}

interface Rule {
  readonly oid: string;
  readonly relation: number;
  readonly key: string;
  readonly isView: boolean;
}

export interface Rules {
  readonly views: Map<number, ViewFacts>;
  readonly rewritten: (RuleReads & { readonly relation: number })[];
}

/** The rules of the database's own relations: those that make views, and those that may answer a write with rows. */
export async function readRules(ask: Ask, cache: RuleCache): Promise<Rules> {
  const rules = (await ask(queries.rules)).map(([oid, relation, xmin, isView]): Rule => ({
    oid: oid!,
    relation: Number(relation),
    key: `${oid}:${xmin}`,
    isView: isView === 't',
  }));
  await readTrees(ask, cache, rules);
  const calls = new Set((await ask(queries.calls)).map(([oid]) => oid));
  const reads = await readReads(ask);
  const found: Rules = { views: new Map(), rewritten: [] };
  for (const { oid, relation, key, isView } of rules) {
    const tree = cache.get(key)!;
    const opaque = tree.hazard || calls.has(oid);
    const facts = { reads: reads.get(oid) ?? [], wholeRow: tree.wholeRow, opaque };
    if (isView) found.views.set(relation, { ...facts, rule: key });
    else if (tree.returns) found.rewritten.push({ ...facts, relation });
  }
  return found;
}

/** Scanning rule trees is costly: done once for each version of a rule. */
async function readTrees(ask: Ask, cache: RuleCache, rules: readonly Rule[]): Promise<void> {
  const current = new Set(rules.map(({ key }) => key));
  for (const key of cache.keys()) if (!current.has(key)) cache.delete(key);
  const missing = rules.filter(({ key }) => !cache.has(key)).map(({ oid }) => oid);
  if (missing.length === 0) return;
  for (const [oid, xmin, wholeRow, hazard, returns] of await ask(ruleTrees(missing)))
    cache.set(`${oid}:${xmin}`, {
      wholeRow: wholeRow === 't',
      hazard: hazard === 't',
      returns: returns === 't',
    });
}

async function readReads(ask: Ask): Promise<Map<string, { relation: number; attnum: number }[]>> {
  const reads = new Map<string, { relation: number; attnum: number }[]>();
  for (const [rule, relation, attnum] of await ask(queries.reads)) {
    const read = { relation: Number(relation), attnum: Number(attnum) };
    const known = reads.get(rule!);
    if (known === undefined) reads.set(rule!, [read]);
    else known.push(read);
  }
  return reads;
}
