import { columnAt, type CatalogSnapshot, type Relation } from './catalog-snapshot.js';

/**
 * What a column was called before, most recent first, while it kept its (OID, attribute); and what the columns were
 * called that it inherited from, of which its relation has let go.
 */
export type FormerNames = ReadonlyMap<number, ReadonlyMap<number, readonly FormerName[]>>;

export interface FormerName {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

/**
 * What columns were called before, so that masks stick to (OID, attribute) across renames. Kept for as long as
 * this process watches the target: rules must follow a rename, or a partition that is detached, before a restart.
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
    if (before.children !== after.children) this.letGo(before, after);
  }

  /** Rows that a parent's rule masked are the same rows without that parent. */
  private letGo(before: CatalogSnapshot, after: CatalogSnapshot): void {
    const [above, stillAbove] = [new Ancestors(before), new Ancestors(after)];
    for (const child of new Set(before.children.map((each) => each.child))) {
      const was = before.relations.get(child);
      if (was === undefined || !after.relations.has(child)) continue;
      const now = stillAbove.of(child);
      for (const parent of above.of(child))
        if (!now.has(parent)) this.inherit(was, before.relations.get(parent));
    }
  }

  private inherit(child: Relation, parent: Relation | undefined): void {
    for (const { attnum, name } of parent?.columns ?? []) {
      const own = child.columns.find((column) => column.name === name);
      if (own === undefined) continue;
      const former = this.names.get(parent!.oid)?.get(attnum) ?? [];
      for (const each of [...former].reverse()) this.note(child.oid, own.attnum, each);
      this.note(child.oid, own.attnum, { schema: parent!.schema, table: parent!.name, column: name });
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
    const known = columns.get(attnum) ?? [];
    columns.set(attnum, [name, ...known.filter((each) => !isSame(each, name))]);
  }
}

const isSame = (a: FormerName, b: FormerName): boolean =>
  a.schema === b.schema && a.table === b.table && a.column === b.column;

/** Whom a relation inherits from, through all levels. */
class Ancestors {
  private readonly parents = new Map<number, number[]>();

  constructor({ children }: CatalogSnapshot) {
    for (const { child, parent } of children) {
      const known = this.parents.get(child);
      if (known) known.push(parent);
      else this.parents.set(child, [parent]);
    }
  }

  of(child: number): ReadonlySet<number> {
    const found = new Set(this.parents.get(child));
    // A set that grows while it is gone through is gone through to its end.
    for (const oid of found) for (const parent of this.parents.get(oid) ?? []) found.add(parent);
    return found;
  }
}
