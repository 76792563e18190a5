import { AppError, systemClock, type Clock } from '#kernel';
import { loadStatementParser, viewOutputs, type NameEncoding, type RelationName } from '#statement';
import type { TargetAddress } from '../gate/gate.js';
import { buildCatalog } from './catalog-build.js';
import { NameHistory } from './catalog-history.js';
import { TextLineage } from './catalog-lineage.js';
import type { CatalogMask, MaskColumn } from './catalog-mask.js';
import type { SearchPath } from './catalog-name-index.js';
import type { CatalogNamespace } from './catalog-namespace.js';
import { CatalogReader } from './catalog-reader.js';
import type { CatalogSnapshot } from './catalog-snapshot.js';

export type { CatalogMask, MaskColumn } from './catalog-mask.js';
export type { SearchPath } from './catalog-name-index.js';
export type { CatalogNamespace } from './catalog-namespace.js';

/** The names, origins and masks of one target as of one moment; a new object whenever they change. */
export interface Catalog {
  readonly version: number;
  /** Its identity: what is kept by this keeps no catalog alive. */
  readonly key: object;
  /**
   * The mask of a RowDescription's origin. 'unknown': not in this catalog; refresh before a row passes.
   * Attribute 0 is the whole row: masked whole where any column of it is.
   */
  columnMask(tableOid: number, attnum: number): CatalogMask | 'none' | 'unknown';
  /** COPY of a table leaves such columns out. */
  isGenerated(tableOid: number, attnum: number): boolean;
  /** What names mean in a session with this search_path; the same object for the same path. */
  namespace(searchPath: SearchPath): CatalogNamespace;
  /** What names mean where the search_path is not known. */
  namesFor: CatalogNamespace['namesFor'];
  /** The relations a name may mean: of any schema where it is unqualified. */
  resolve(
    name: RelationName,
  ): readonly { readonly schema: string; readonly name: string; readonly oid?: number }[];
  /** A domain's base type, through all levels; any other type itself. */
  baseType(typeOid: number): number;
  /** An array type's element type. */
  elementType(typeOid: number): number | undefined;
  isEnum(typeOid: number): boolean;
  /** True for a word (`a` or `a.b`) that is a name of something in the catalog: errors may quote it. */
  isCatalogName(word: string): boolean;
  /** How it keeps names; undefined: in UTF-8. */
  readonly encoding: NameEncoding | undefined;
}

/** A target's catalog, watched; shared by all sessions of this process on that connection. */
export interface CatalogSource {
  /** The last good one. Throws STALE_SNAPSHOT where reading fails and has done so for more than 30 s. */
  current(): Catalog;
  /** Read after this call began: the same object where nothing changed. Callers share one read. Throws as connectTarget. */
  refresh(): Promise<Catalog>;
  /** Somebody has changed what names mean, just now: the current one is not to be trusted before it is read again. */
  doubt(): void;
  readonly isDoubted: boolean;
  /** The current one if it was confirmed within the last second, else refreshed: for the start of a session. */
  fresh(): Promise<Catalog>;
  /** Milliseconds since the current catalog was last known to be the target's. */
  age(): number;
  /** Watches the target every second until the function returned is called; nobody watching, no polling. */
  retain(): () => void;
  /** Masks by new rules, from the same snapshot. */
  recompile(rule: MaskColumn): Catalog;
  onChange(listener: (catalog: Catalog) => void): () => void;
  close(): void;
}

const POLL_EVERY = 1_000;
/** An idle control connection is given back to the target. */
const IDLE_AFTER = 60_000;
/** For how long sessions go on with a catalog that can't be confirmed. */
const STALE_AFTER = 30_000;

/** Reads a target's catalog over a connection of its own. Throws as connectTarget does. */
export async function openCatalog(
  address: TargetAddress,
  rule: MaskColumn,
  clock: Clock = systemClock,
): Promise<CatalogSource> {
  // Views are understood by their texts.
  await loadStatementParser();
  const source = new WatchedCatalog(address, rule, clock);
  await source.refresh();
  return source;
}

class WatchedCatalog implements CatalogSource {
  private snapshot: CatalogSnapshot | undefined;
  private catalog: Catalog | undefined;
  private confirmedAt = 0;
  /** Why the last reading failed. */
  private failure: unknown;
  private version = 0;
  /** Doubts so far, and how many of them a read has begun after. */
  private doubts = 0;
  private settled = 0;
  private users = 0;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<Catalog> | undefined;
  private queued: Promise<Catalog> | undefined;
  private readonly reader: CatalogReader;
  private readonly history = new NameHistory();
  private readonly lineage = new TextLineage(viewOutputs);
  private readonly listeners = new Set<(catalog: Catalog) => void>();

  constructor(
    private readonly address: TargetAddress,
    private rule: MaskColumn,
    private readonly clock: Clock,
  ) {
    this.reader = new CatalogReader(address);
  }

  current(): Catalog {
    // A read that hangs has not failed yet; while somebody watches, one is under way every second.
    const isTrusted = this.failure === undefined && this.users === 0;
    if (isTrusted || this.age() <= STALE_AFTER) return this.catalog!;
    throw new AppError(
      'STALE_SNAPSHOT',
      `the catalog of connection "${this.address.name}" can't be read for ${Math.round(this.age() / 1000)} s: ` +
        'what a statement touches is not known',
      { cause: this.failure },
    );
  }

  doubt(): void {
    this.doubts++;
  }

  get isDoubted(): boolean {
    return this.settled < this.doubts;
  }

  age(): number {
    return this.clock.now() - this.confirmedAt;
  }

  async fresh(): Promise<Catalog> {
    return this.age() < POLL_EVERY ? this.current() : this.refresh();
  }

  refresh(): Promise<Catalog> {
    if (this.running === undefined) return this.start();
    // The read under way may have begun before what this caller must see: it waits for the next one.
    this.queued ??= this.running.then(
      () => this.start(),
      () => this.start(),
    );
    return this.queued;
  }

  retain(): () => void {
    this.users += 1;
    this.schedule();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.users -= 1;
      this.schedule();
    };
  }

  recompile(rule: MaskColumn): Catalog {
    this.rule = rule;
    return this.build(this.snapshot!);
  }

  onChange(listener: (catalog: Catalog) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.reader.close();
  }

  private start(): Promise<Catalog> {
    this.queued = undefined;
    this.running = this.read().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async read(): Promise<Catalog> {
    const startedAt = this.clock.now();
    const { doubts } = this;
    try {
      const snapshot = await this.reader.read();
      if (snapshot !== this.snapshot) this.enter(snapshot);
      this.confirmedAt = startedAt;
      this.settled = doubts;
      this.failure = undefined;
      return this.catalog!;
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }

  private enter(snapshot: CatalogSnapshot): void {
    if (this.snapshot !== undefined) this.history.observe(this.snapshot, snapshot);
    this.snapshot = snapshot;
    this.build(snapshot);
  }

  private build(snapshot: CatalogSnapshot): Catalog {
    const { rule, history, lineage } = this;
    this.catalog = buildCatalog(++this.version, snapshot, rule, history.former, lineage);
    for (const listener of this.listeners) listener(this.catalog);
    return this.catalog;
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (this.closed) return;
    this.timer =
      this.users > 0 ? setTimeout(() => this.poll(), POLL_EVERY) : setTimeout(() => this.idle(), IDLE_AFTER);
    this.timer.unref();
  }

  private idle(): void {
    if (this.running === undefined) this.reader.disconnect();
  }

  private poll(): void {
    // A target that is away is tried again; age() tells for how long.
    this.refresh().then(
      () => this.schedule(),
      () => this.schedule(),
    );
  }
}
