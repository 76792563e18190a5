import { Readable } from 'node:stream';

/** Requests that a reader is told of once it reads on; one that is further behind is better off with the list. */
const mostWaiting = 1_000;

/**
 * Server-sent events of one reader. Who reads slowly is told the newest of each request, not each step: what waits is
 * ids, so that it is bounded whatever the reader's pace, and it is written out when there is room for it.
 */
export class ApprovalStream extends Readable {
  readonly #render: (id: string) => string | undefined;
  readonly #waiting = new Set<string>();
  #hasRoom = true;
  #readSince = true;

  /** `render`: a request as this reader may see it now; undefined: not at all. */
  constructor(render: (id: string) => string | undefined) {
    super({ highWaterMark: 64 * 1024 });
    this.#render = render;
    // So that the reader knows at once that it is heard; and how soon to come back, in milliseconds.
    this.push('retry: 3000\n\n');
  }

  /** Something happened to this request. */
  changed(id: string): void {
    this.#waiting.add(id);
    if (this.#waiting.size > mostWaiting) this.finish();
    else this.#write();
  }

  /** For what stands between, and would take a silent connection for a dead one. */
  ping(): void {
    if (!this.destroyed && this.#hasRoom) this.#hasRoom = this.push(': ping\n\n');
  }

  /** Has it read anything since this was asked last, or is there nothing for it to read? */
  isRead(): boolean {
    const was = this.#readSince || this.#hasRoom;
    this.#readSince = false;
    return was;
  }

  /** Ends after what is written already. */
  finish(): void {
    this.#waiting.clear();
    if (!this.destroyed && !this.readableEnded && !this.#isOver) this.push(null);
    this.#isOver = true;
  }
  #isOver = false;

  override _read(): void {
    this.#hasRoom = true;
    this.#readSince = true;
    this.#write();
  }

  #write(): void {
    for (const id of this.#waiting) {
      if (!this.#hasRoom || this.#isOver || this.destroyed) return;
      this.#waiting.delete(id);
      const data = this.#render(id);
      // JSON has no line breaks of its own: one `data:` line.
      if (data !== undefined) this.#hasRoom = this.push(`event: approval\ndata: ${data}\n\n`);
    }
  }
}
