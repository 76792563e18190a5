import type { Names } from '../../lineage.js';
import { readerFile, ReadingThread } from './reading-thread.js';
import type { Understanding } from './understanding.js';

/** Characters beyond which a text is read in a thread of its own: 32 KiB take some 10 to 30 ms, 1 MiB 1 to 3 s. */
const longText = 32 * 1024;

/** A thread that has read 1 MiB keeps some 250 MiB: it ends when nobody needs it. Starting one takes 0.3 s. */
const idleMs = 60_000;

/** Reading by itself took 3 s at worst, on a busy machine. */
const mostMs = 20_000;

/**
 * Reads long texts beside the loop that serves all sessions, one after the other. A text whose thread fails or takes too
 * long is refused, and the next one has a new thread.
 */
export class LongTexts {
  private thread: ReadingThread | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private idle: NodeJS.Timeout | undefined;

  constructor(
    private readonly timeoutMs = mostMs,
    private readonly file: URL = readerFile(),
    private readonly keptMs = idleMs,
  ) {}

  isLong(text: string): boolean {
    return text.length > longText;
  }

  /** Never rejects. */
  read(text: string, names: Names): Promise<Understanding> {
    const found = this.last.then(() => this.readNow(text, names));
    this.last = found;
    return found;
  }

  private async readNow(text: string, names: Names): Promise<Understanding> {
    clearTimeout(this.idle);
    if (!this.thread || this.thread.isGone) this.thread = new ReadingThread(this.file, this.timeoutMs);
    const found = await this.thread.read(text, names);
    this.idle = setTimeout(() => this.thread?.close(), this.keptMs).unref();
    return found.kind === 'understood' ? { ...found, analysis: { ...found.analysis, text } } : found;
  }
}
