import type { Clock } from '#kernel';
import type { MaskingSet } from '#masking';
import type { TargetAddress } from '../gate/gate.js';
import { openCatalog, type CatalogSource } from './catalog.js';

export interface CatalogLease {
  readonly catalog: CatalogSource;
  release(): void;
}

interface Entry {
  /** What it was opened with; a connection registered anew gets a catalog of its own. */
  readonly address: string;
  readonly catalog: Promise<CatalogSource>;
  leases: number;
  retired: boolean;
}

/** One catalog a connection, shared by its sessions, closed when the connection changes and the last has gone. */
export class CatalogPool {
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly masking: () => MaskingSet,
    private readonly clock: Clock,
  ) {}

  /** Throws what connecting to the target throws. */
  async lease(target: TargetAddress): Promise<CatalogLease> {
    const entry = this.entry(target);
    // Before the wait: one that is retired meanwhile must stay open for this session.
    entry.leases++;
    try {
      const catalog = await entry.catalog.catch((error: unknown) => {
        // It never opened: the next session tries anew.
        if (this.entries.get(target.name) === entry) this.entries.delete(target.name);
        throw error;
      });
      await catalog.fresh();
      const letGo = catalog.retain();
      return { catalog, release: () => (letGo(), this.release(entry)) };
    } catch (error) {
      this.release(entry);
      throw error;
    }
  }

  /** The masking rules have changed: every catalog finds its masked columns anew. */
  async recompile(): Promise<void> {
    const all = [...this.entries].map(async ([name, { catalog }]) => {
      const source = await catalog.catch(() => undefined);
      source?.recompile(this.maskColumn(name));
    });
    await Promise.all(all);
  }

  async close(): Promise<void> {
    const open = [...this.entries.values()];
    this.entries.clear();
    for (const { catalog } of open) await catalog.then((source) => source.close()).catch(() => undefined);
  }

  private entry(target: TargetAddress): Entry {
    const address = JSON.stringify(target);
    const known = this.entries.get(target.name);
    if (known?.address === address) return known;
    if (known) this.retire(known);
    const catalog = openCatalog(target, this.maskColumn(target.name), this.clock);
    const entry: Entry = { address, catalog, leases: 0, retired: false };
    this.entries.set(target.name, entry);
    return entry;
  }

  private maskColumn(connection: string) {
    const set = this.masking();
    return (schema: string, table: string, column: string) =>
      set.columnMask(connection, schema, table, column);
  }

  private retire(entry: Entry): void {
    entry.retired = true;
    this.closeIfUnused(entry);
  }

  private release(entry: Entry): void {
    entry.leases--;
    this.closeIfUnused(entry);
  }

  private closeIfUnused(entry: Entry): void {
    if (entry.retired && entry.leases === 0)
      void entry.catalog.then((source) => source.close()).catch(() => undefined);
  }
}
