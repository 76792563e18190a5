import type { TransactionStatus } from './codec.js';
import { ExpectationQueue, type Expectation } from './expectation.js';
import { SessionNames } from './session-names.js';
import { SessionSettings } from './session-settings.js';

/** What both directions of one session share: what is owed, what has a name, where the transaction stands. */
export class Conversation {
  readonly expected = new ExpectationQueue();
  readonly names = new SessionNames();
  /** The session has ended. */
  over = false;
  status: TransactionStatus = 'I';
  /** An error was answered and its Sync has not been sent yet: the server ignores all until then. */
  skipping = false;
  copyIn = false;
  /** An error of the gate's own was answered where the server went on: nothing reaches the client until Sync. */
  swallowing = false;
  /** Extended messages were forwarded since the last Sync. */
  segmentOpen = false;
  /** A statement that changes names or settings was forwarded: nothing is judged until it has settled. */
  mustSettle = false;
  readonly settings = new SessionSettings();
  /** What must end before anything more is forwarded (a cancel's connection). */
  barrier: Promise<void> | undefined;
  private waiting: (() => void)[] = [];

  /** A cancel is under way, perhaps not the only one: it must not hit what comes next. */
  await(cancel: Promise<void>): void {
    const { barrier } = this;
    this.barrier = barrier ? Promise.all([barrier, cancel]).then(() => undefined) : cancel;
  }

  get isQuiet(): boolean {
    return this.expected.length === 0;
  }

  /** Resolves when the target owes nothing. */
  async quiet(): Promise<void> {
    while (!this.isQuiet && !this.over) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** Resolves when the target takes copy data, or owes nothing. */
  async quietOrCopying(): Promise<void> {
    while (!this.isQuiet && !this.copyIn && !this.over)
      await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** The head is answered. */
  shift(): void {
    this.expected.shift();
    this.settled();
  }

  settled(): void {
    if (this.waiting.length > 0 && (this.isQuiet || this.copyIn)) this.wake();
  }

  /** Also at the session's end, so that nobody waits for ever. */
  wake(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** An error was answered: the server ignores everything up to the next Sync; so nothing of it is owed. */
  skipToSync(): void {
    const { expected } = this;
    for (let head = expected.peek(); head && head.kind !== 'sync'; head = expected.peek()) {
      expected.shift();
      undo(head);
    }
    this.skipping = expected.length === 0;
    this.settled();
  }
}

/** Takes back what the server never did. */
function undo(item: Expectation): void {
  switch (item.kind) {
    case 'parse':
    case 'bind':
    case 'close':
      return item.revert();
    case 'execute':
      return item.finish('skipped');
    case 'own':
      return item.probe.settle();
    default:
      return undefined;
  }
}
