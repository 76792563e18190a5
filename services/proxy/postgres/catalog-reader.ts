import { AppError, isAppError } from '#kernel';
import type { TargetAddress } from '../gate/gate.js';
import { newMemory, readCatalog, readMissingDefinitions, type Ask } from './catalog-read.js';
import type { CatalogSnapshot } from './catalog-snapshot.js';
import { readStamp, type Stamp } from './catalog-stamp.js';
import { TargetError } from './target-channel.js';
import { unreachable } from './target-tls.js';
import { connectTarget, type Target } from './target.js';

const settings = new Map([
  ['application_name', 'weirkeeper catalog'],
  ['search_path', ''],
  ['statement_timeout', '30s'],
]);

/** A target that takes a query and then says nothing, not even that it timed out, is given up. */
const ANSWER_WITHIN = 40_000;

/** Reads one target's catalog over a connection of its own, which it opens when needed. */
export class CatalogReader {
  private target: Target | undefined;
  private snapshot: CatalogSnapshot | undefined;
  private stamp: Stamp | undefined;
  private closed = false;
  private readonly memory = newMemory();

  constructor(private readonly address: TargetAddress) {}

  /** The catalog as it is now; the same object where nothing changed. Not to be called while it runs. Throws as connectTarget. */
  async read(): Promise<CatalogSnapshot> {
    const reused = this.target;
    try {
      return await this.readOnce();
    } catch (error) {
      this.disconnect();
      // A server may drop an idle connection; that says nothing of a new one.
      const dropped = reused !== undefined && !isAppError(error) && !(error instanceof TargetError);
      if (!dropped || this.closed) throw this.explained(error);
    }
    try {
      return await this.readOnce();
    } catch (error) {
      this.disconnect();
      throw this.explained(error);
    }
  }

  disconnect(): void {
    this.target?.close();
    this.target = undefined;
  }

  close(): void {
    this.closed = true;
    this.disconnect();
  }

  private async readOnce(): Promise<CatalogSnapshot> {
    const target = await this.connected();
    const ask: Ask = (text) => answered(target, text);
    const stamp = await readStamp(ask, this.stamp);
    // The stamp was taken before: what changes in between shows as a change at the next poll.
    this.snapshot =
      this.snapshot === undefined || stamp.sum !== this.stamp?.sum
        ? await readCatalog(ask, this.memory)
        : await readMissingDefinitions(ask, this.memory, this.snapshot);
    this.stamp = stamp;
    return this.snapshot;
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

  private explained(error: unknown): AppError {
    if (isAppError(error)) return error;
    if (!(error instanceof TargetError)) return unreachable(this.address, error);
    return new AppError('TARGET_REFUSED', `the catalog of connection "${this.address.name}" can't be read`, {
      cause: error,
    });
  }
}

async function answered(target: Target, text: string): ReturnType<Ask> {
  const timer = setTimeout(() => target.stream.destroy(new Error('no answer in time')), ANSWER_WITHIN);
  try {
    return await target.query(text);
  } finally {
    clearTimeout(timer);
  }
}
