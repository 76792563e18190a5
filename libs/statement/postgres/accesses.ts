import type { Access, RelationName, SqlAction } from '../facts.js';

/** Collects (action, relation) pairs of one statement, each with its columns, in order of first mention. */
export class Accesses {
  private readonly byKey = new Map<string, Collected>();

  add(action: SqlAction, relation?: RelationName, columns: readonly string[] = []): void {
    const key = `${action} ${relation?.schema ?? ''} ${relation?.name ?? ''}`;
    let entry = this.byKey.get(key);
    if (!entry) {
      entry = { action, relation, columns: new Set(), where: undefined };
      this.byKey.set(key, entry);
    }
    for (const column of columns) entry.columns.add(column);
  }

  /** Of several writes of one kind to a relation, the least bounded one counts. */
  bound(action: SqlAction, relation: RelationName, where: NonNullable<Access['where']>): void {
    this.add(action, relation);
    for (const entry of this.byKey.values()) {
      if (entry.action !== action || !same(entry.relation, relation)) continue;
      entry.where = order[Math.min(order.indexOf(where), order.indexOf(entry.where ?? 'present'))] ?? 'none';
    }
  }

  list(): Access[] {
    return [...this.byKey.values()].map(({ action, relation, columns, where }) => ({
      action,
      ...(relation ? { relation } : {}),
      columns: columns.has('*') ? ['*'] : [...columns],
      ...(where ? { where } : {}),
    }));
  }
}

interface Collected {
  readonly action: SqlAction;
  readonly relation: RelationName | undefined;
  readonly columns: Set<string>;
  where: Access['where'] | undefined;
}

const order = ['none', 'constant', 'present'] as const;

const same = (a: RelationName | undefined, b: RelationName): boolean =>
  a?.name === b.name && a.schema === b.schema;
