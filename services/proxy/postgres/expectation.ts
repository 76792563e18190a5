import type { Probe } from './questions.js';
import type { Run } from './run.js';
import type { NameChange } from './session-names.js';
import type { Portal, Prepared } from './session-objects.js';

/**
 * What the target owes, in the order in which it was asked. Every message of the target is matched against the
 * head; one that does not fit ends the session, since a result that can't be attributed can't be masked.
 */
export type Expectation =
  /** A simple query, up to its ReadyForQuery; or an Execute. */
  | Run
  | NameChange<'parse', Prepared>
  | NameChange<'bind', Portal>
  | NameChange<'close', Prepared>
  | NameChange<'close', Portal>
  | { readonly kind: 'describe-statement' }
  /** `own`: asked by the gate, the client never hears of it. */
  | { readonly kind: 'describe-portal'; readonly portal: Portal; readonly own: boolean }
  | { readonly kind: 'sync' }
  /** A Describe that must fail: its 26000 becomes `error`. */
  | { readonly kind: 'refused'; readonly error: Buffer }
  /** The gate's own question; nothing of the answer reaches the client. */
  | { readonly kind: 'own'; readonly probe: Probe };

export const describeStatement: Expectation & { kind: 'describe-statement' } = { kind: 'describe-statement' };
export const syncExpected: Expectation & { kind: 'sync' } = { kind: 'sync' };

/** The statement that an expectation is the answer of. */
export function runOf(head: Expectation | undefined): Run | undefined {
  return head?.kind === 'query' || head?.kind === 'execute' ? head : undefined;
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
    for (let i = this.head; i < this.items.length; i++) if (this.items[i]!.kind === 'sync') return true;
    return false;
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
    } else if (this.head >= 1024 && this.head * 2 >= this.items.length) this.compact();
    return item;
  }

  /** A client that never stops pipelining never empties it. */
  private compact(): void {
    this.items = this.items.slice(this.head);
    this.head = 0;
  }
}
