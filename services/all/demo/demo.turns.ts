import type { PGlite } from '@electric-sql/pglite';

/** One of several clients that take turns on the one session that PGlite has. */
export interface TurnTaker {
  /** Its settings, as statements, to be made anew when its turn comes after another's. */
  readonly settings: readonly string[];
}

/**
 * PGlite has a single session. Clients share it by turns: a turn lasts from a request to the ReadyForQuery that
 * says idle, so transactions do not mix; settings are put back when the turn passes to another client.
 */
export class Turns {
  private holder: TurnTaker | undefined;
  private last: TurnTaker | undefined;
  private readonly queue: { taker: TurnTaker; begin: () => void }[] = [];

  constructor(private readonly database: PGlite) {}

  /** Runs protocol bytes in this client's turn; `onData` gets the answer as it comes. */
  async run(taker: TurnTaker, bytes: Uint8Array, onData: (chunk: Uint8Array) => void): Promise<void> {
    if (this.holder !== taker) await this.take(taker);
    let tail = 0x49;
    await this.database.execProtocolRawStream(bytes, {
      syncToFs: false,
      onRawData: (chunk) => {
        tail = chunk.at(-1) ?? tail;
        onData(chunk);
      },
    });
    // An answer ends with ReadyForQuery, and that with its status: 'I' is idle.
    if (tail === 0x49) this.release(taker);
  }

  /** The client is gone: an open transaction of its is rolled back. */
  async leave(taker: TurnTaker): Promise<void> {
    const waiting = this.queue.findIndex((entry) => entry.taker === taker);
    if (waiting >= 0) this.queue.splice(waiting, 1);
    if (this.holder !== taker) return;
    await this.database.exec('ROLLBACK').catch(() => undefined);
    this.release(taker);
  }

  private async take(taker: TurnTaker): Promise<void> {
    if (this.holder) await new Promise<void>((begin) => this.queue.push({ taker, begin }));
    this.holder = taker;
    if (this.last === taker) return;
    await this.database.exec('RESET ALL');
    for (const setting of taker.settings) await this.database.exec(setting).catch(() => undefined);
  }

  private release(taker: TurnTaker): void {
    if (this.holder !== taker) return;
    this.last = taker;
    this.holder = undefined;
    const next = this.queue.shift();
    if (!next) return;
    this.holder = next.taker;
    next.begin();
  }
}
