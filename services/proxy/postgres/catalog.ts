import { AppError, isAppError, systemClock, type Clock } from '#kernel';
import type { RelationName, SensitiveNames } from '#statement';
import type { TargetAddress } from '../gate/gate.js';
import { buildCatalog } from './catalog-build.js';
import { NameHistory } from './catalog-history.js';
import type { CatalogMask, MaskColumn } from './catalog-masks.js';
import { readCatalog, type RuleCache } from './catalog-read.js';
import type { CatalogSnapshot } from './catalog-snapshot.js';
import { readStamp, type Stamp } from './catalog-stamp.js';
import { TargetError } from './target-channel.js';
import { unreachable } from './target-tls.js';
import { connectTarget, type Target } from './target.js';

export type { CatalogMask, MaskColumn } from './catalog-masks.js';

/** The names, origins and masks of one target as of one moment; a new object whenever they change. */
export interface Catalog {
  readonly version: number;
  /**
   * The mask of a RowDescription's origin. 'unknown': not in this catalog; refresh before a row passes.
   * Attribute 0 is the whole row: masked whole where any column of it is.
   */
  columnMask(tableOid: number, attnum: number): CatalogMask | 'none' | 'unknown';
  readonly names: SensitiveNames;
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
}

/** A target's catalog, watched; shared by all sessions of this process on that connection. */
export interface CatalogSource {
  current(): Catalog;
  /** Read after this call began: the same object where nothing changed. Callers share one read. Throws as connectTarget. */
  refresh(): Promise<Catalog>;
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

const settings = new Map([
  ['application_name', 'weirkeeper catalog'],
  ['search_path', ''],
  ['statement_timeout', '30s'],
]);

/** Reads a target's catalog over a connection of its own. Throws as connectTarget does. */
export async function openCatalog(
  address: TargetAddress,
  rule: MaskColumn,
  clock: Clock = systemClock,
): Promise<CatalogSource> {
  const source = new WatchedCatalog(address, rule, clock);
  await source.refresh();
  return source;
}

class WatchedCatalog implements CatalogSource {
  private target: Target | undefined;
  private snapshot: CatalogSnapshot | undefined;
  private catalog: Catalog | undefined;
  private stamp: Stamp | undefined;
  private confirmedAt = 0;
  private version = 0;
  private users = 0;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<Catalog> | undefined;
  private queued: Promise<Catalog> | undefined;
  private readonly rules: RuleCache = new Map();
  private readonly history = new NameHistory();
  private readonly listeners = new Set<(catalog: Catalog) => void>();

  constructor(
    private readonly address: TargetAddress,
    private rule: MaskColumn,
    private readonly clock: Clock,
  ) {}

  current(): Catalog {
    return this.catalog!;
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
    this.disconnect();
  }

  private start(): Promise<Catalog> {
    this.queued = undefined;
    this.running = this.read().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async read(): Promise<Catalog> {
    const reused = this.target;
    try {
      return await this.readOnce();
    } catch (error) {
      this.disconnect();
      // A server may drop an idle connection; that says nothing of a new one.
      const dropped = reused !== undefined && !isAppError(error) && !(error instanceof TargetError);
      if (!dropped || this.closed) throw this.explained(error);
      return this.readOnce();
    }
  }

  private async readOnce(): Promise<Catalog> {
    const startedAt = this.clock.now();
    const target = await this.connected();
    const stamp = await readStamp((text) => target.query(text), this.stamp);
    if (stamp.sum !== this.stamp?.sum) await this.load(target);
    this.stamp = stamp;
    this.confirmedAt = startedAt;
    return this.current();
  }

  private explained(error: unknown): AppError {
    if (isAppError(error)) return error;
    if (!(error instanceof TargetError)) return unreachable(this.address, error);
    return new AppError('TARGET_REFUSED', `the catalog of connection "${this.address.name}" can't be read`, {
      cause: error,
    });
  }

  /** The stamp was taken before: what changes in between shows as a change at the next poll. */
  private async load(target: Target): Promise<void> {
    const snapshot = await readCatalog((text) => target.query(text), this.rules);
    if (this.snapshot !== undefined) this.history.observe(this.snapshot, snapshot);
    this.snapshot = snapshot;
    this.build(snapshot);
  }

  private build(snapshot: CatalogSnapshot): Catalog {
    this.catalog = buildCatalog(++this.version, snapshot, this.rule, this.history.former);
    for (const listener of this.listeners) listener(this.catalog);
    return this.catalog;
  }

  private async connected(): Promise<Target> {
    if (this.target?.stream.destroyed === false && this.target.stream.readable) return this.target;
    // Its role was judged by the sessions' own logins; the catalog is no more than what any role may read.
    const target = await connectTarget({ ...this.address, allowPrivileged: true }, settings);
    if (this.closed) target.close();
    // OIDs and transaction numbers of a server that came back, or of its standby, start over.
    this.stamp = undefined;
    return (this.target = target);
  }

  private disconnect(): void {
    this.target?.close();
    this.target = undefined;
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (this.closed) return;
    this.timer =
      this.users > 0 ? setTimeout(() => this.poll(), POLL_EVERY) : setTimeout(() => this.idle(), IDLE_AFTER);
    this.timer.unref();
  }

  private idle(): void {
    if (this.running === undefined) this.disconnect();
  }

  private poll(): void {
    // A target that is away is tried again; age() tells for how long.
    this.refresh().then(
      () => this.schedule(),
      () => this.schedule(),
    );
  }
}
