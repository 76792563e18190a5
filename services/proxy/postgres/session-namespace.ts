import type { Catalog, CatalogNamespace, CatalogSource, SearchPath } from './catalog.js';
import type { TransactionStatus } from './codec.js';

/** What a statement may have done to the meaning of names. */
export type Disturbance = 'none' | 'search-path' | 'catalog' | 'names';

/**
 * What names mean in this session: the target's catalog, seen through the session's own search_path. The target is asked
 * for it at the start, and again before the next judgement once it may be another.
 */
export class SessionNamespace {
  private searchPath: SearchPath = 'unknown';
  private isStale = true;
  private isCatalogStale = false;
  /** Changed inside the open transaction: its end may take that back. */
  private inTransaction: Disturbance = 'none';
  private status: TransactionStatus = 'I';
  private catalog: Catalog | undefined;
  /** The catalog when the path was last read. */
  private askedFor: Catalog | undefined;
  private namespace: CatalogNamespace | undefined;

  constructor(private readonly source: CatalogSource) {}

  get path(): SearchPath {
    return this.searchPath;
  }

  current(): CatalogNamespace {
    const catalog = this.source.current();
    if (this.namespace && this.catalog === catalog) return this.namespace;
    this.catalog = catalog;
    return (this.namespace = catalog.namespace(this.seenPath));
  }

  /** What an open transaction renames, the catalog's own connection can't see. */
  private get seenPath(): SearchPath {
    return this.inTransaction === 'names' ? 'renamed' : this.searchPath;
  }

  /** As it was when a portal was made: what it runs was fixed then. */
  under(path: SearchPath): CatalogNamespace {
    if (path === this.searchPath || this.inTransaction === 'names') return this.current();
    return this.source.current().namespace(path);
  }

  /** Is something to be asked before the next judgement? A failed transaction runs nothing that has names. */
  get mustAsk(): boolean {
    const { isDoubted } = this.source;
    return this.status !== 'E' && (this.isStale || this.isCatalogStale || isDoubted || this.hasNewCatalog);
  }

  /** Others may have made or dropped a schema that the path names. */
  private get hasNewCatalog(): boolean {
    return this.askedFor !== undefined && this.askedFor !== this.source.current();
  }

  async refreshCatalog(): Promise<void> {
    if (!this.isCatalogStale && !this.source.isDoubted) return;
    this.isCatalogStale = false;
    await this.source.refresh();
  }

  /** What the target answered; 'unknown' where it could not. */
  answered(path: SearchPath): void {
    this.isStale = path === 'unknown';
    this.see(path);
  }

  disturbed(by: Disturbance): void {
    if (by === 'none') return;
    this.isStale = true;
    if (by !== 'search-path') this.isCatalogStale = true;
    if (strength.indexOf(by) > strength.indexOf(this.inTransaction)) this.inTransaction = by;
    if (by !== 'names') return;
    this.namespace = undefined;
    this.source.doubt();
  }

  /** Its end, its failure and ROLLBACK TO take back what the transaction did. */
  became(status: TransactionStatus): void {
    const before = this.status;
    this.status = status;
    if (this.inTransaction === 'none' || (status === before && status !== 'I')) return;
    this.rolledBack();
    if (status === 'E') this.see('unknown');
    if (status !== 'I') return;
    this.inTransaction = 'none';
    this.namespace = undefined;
  }

  /** Has the open transaction changed what names mean? Its end, or ROLLBACK TO, may take that back. */
  get mayRevert(): boolean {
    return this.inTransaction !== 'none';
  }

  rolledBack(): void {
    if (this.inTransaction === 'none') return;
    this.isStale = true;
    if (this.inTransaction !== 'search-path') this.isCatalogStale = true;
    // Only its COMMIT shows it to others.
    if (this.inTransaction === 'names') this.source.doubt();
  }

  private see(path: SearchPath): void {
    const isSame = JSON.stringify(path) === JSON.stringify(this.searchPath);
    if (!isSame) this.searchPath = path;
    this.askedFor = this.catalog = this.source.current();
    this.namespace = this.catalog.namespace(this.seenPath);
  }
}

const strength: readonly Disturbance[] = ['none', 'search-path', 'catalog', 'names'];
