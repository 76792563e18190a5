import { columnAt, type CatalogSnapshot, type Relation } from './catalog-snapshot.js';

/** What a column was called before, most recent first, while it kept its (OID, attribute). */
export type FormerNames = ReadonlyMap<number, ReadonlyMap<number, readonly FormerName[]>>;

export interface FormerName {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

/**
 * What columns were called before, so that masks stick to (OID, attribute) across renames. Kept for as long as
 * this process watches the target: rules must follow a rename before a restart.
 */
export class NameHistory {
  private readonly names = new Map<number, Map<number, FormerName[]>>();

  get former(): FormerNames {
    return this.names;
  }

  /** Notes what changed its name from one snapshot to the next, and forgets what is gone. */
  observe(before: CatalogSnapshot, after: CatalogSnapshot): void {
    if (before.identity !== after.identity) {
      this.names.clear();
      return;
    }
    for (const was of before.relations.values()) {
      const is = after.relations.get(was.oid);
      if (is === undefined) this.names.delete(was.oid);
      else this.compare(was, is);
    }
  }

  private compare(was: Relation, is: Relation): void {
    const moved = was.schema !== is.schema || was.name !== is.name;
    for (const { attnum, name } of was.columns) {
      const now = columnAt(is, attnum);
      if (now !== undefined && (moved || now.name !== name))
        this.note(was.oid, attnum, { schema: was.schema, table: was.name, column: name });
    }
  }

  private note(oid: number, attnum: number, name: FormerName): void {
    let columns = this.names.get(oid);
    if (columns === undefined) this.names.set(oid, (columns = new Map()));
    columns.set(attnum, [name, ...(columns.get(attnum) ?? [])]);
  }
}
