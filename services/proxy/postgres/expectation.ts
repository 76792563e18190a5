import type { Run } from './run.js';
import type { Change } from './session-names.js';
import type { Portal, Prepared } from './session-objects.js';

/**
 * What the target owes, in the order in which it was asked. Every message of the target is matched against the
 * head; one that does not fit ends the session, since a result that can't be attributed can't be masked.
 */
export type Expectation =
  /** A simple query: everything up to its ReadyForQuery. */
  | { readonly kind: 'query'; readonly run: Run }
  | { readonly kind: 'parse'; readonly change: Change<Prepared> }
  | { readonly kind: 'bind'; readonly change: Change<Portal> }
  | { readonly kind: 'describe-statement' }
  /** `own`: asked by the gate, the client never hears of it. */
  | { readonly kind: 'describe-portal'; readonly portal: Portal; readonly own: boolean }
  | { readonly kind: 'execute'; readonly run: Run; readonly portal: Portal }
  | { readonly kind: 'close-statement'; readonly change: Change<Prepared> }
  | { readonly kind: 'close-portal'; readonly change: Change<Portal> }
  | { readonly kind: 'sync' }
  /** A Describe that must fail: its 26000 becomes `error`. */
  | { readonly kind: 'refused'; readonly error: Buffer }
  /** The gate's own question in a segment of its own; nothing of the answer reaches the client. */
  | { readonly kind: 'own'; readonly probe: Probe };

/** An own Parse, Describe, Close, Sync: the columns of a text, without running it. */
export interface Probe {
  fields: Buffer | undefined;
  error: Buffer | undefined;
  settle: () => void;
}

/** How many that have left the queue keep their places: moving the rest up costs time, keeping them memory. */
const mostGone = 4096;

/** A queue that neither shifts an array nor keeps what has left it. */
export class ExpectationQueue {
  private items: (Expectation | undefined)[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  get hasSync(): boolean {
    return this.items.slice(this.head).some((item) => item?.kind === 'sync');
  }

  peek(): Expectation | undefined {
    return this.items[this.head];
  }

  push(item: Expectation): void {
    this.items.push(item);
  }

  /** Counts what has left and is still held: nothing of it may pile up while a client never lets the queue run dry. */
  get held(): number {
    return this.items.length;
  }

  pushFront(...items: Expectation[]): void {
    this.items = [...items, ...this.items.slice(this.head)];
    this.head = 0;
  }

  /** Drops the Syncs that follow the head directly. */
  dropSyncsBehindHead(): void {
    let end = this.head + 1;
    while (this.items[end]?.kind === 'sync') end++;
    // At once: a client may have sent a million of them.
    this.items.splice(this.head + 1, end - this.head - 1);
  }

  shift(): Expectation | undefined {
    const item = this.items[this.head];
    if (item === undefined) return undefined;
    this.items[this.head++] = undefined;
    if (this.head === this.items.length || this.head === mostGone) {
      this.items.splice(0, this.head);
      this.head = 0;
    }
    return item;
  }
}
