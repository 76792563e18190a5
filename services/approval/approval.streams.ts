import type { Readable } from 'node:stream';
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { mayDecide } from '#domain';
import { AppError } from '#kernel';
import type { AskAgain, CallerIdentity } from '#platform';
import { ApprovalFold } from './approval.fold.js';
import { toItem } from './approval.item.js';
import { ApprovalStream } from './approval.stream.js';

/** Milliseconds. A caller's right is asked for again as often as that. */
const pingEvery = 15_000;
const askAgainEvery = 60_000;
/** Tabs and tools of one person. */
const mostOfOne = 8;
const mostOfAll = 1_000;

interface Reader {
  readonly stream: ApprovalStream;
  readonly again: AskAgain;
  caller: CallerIdentity;
  asking: boolean;
}

/** Everybody who listens for approvals: each hears of what they may decide, as long as they may. */
@Injectable()
export class ApprovalStreams implements OnModuleInit, OnModuleDestroy {
  readonly #fold: ApprovalFold;
  readonly #readers = new Set<Reader>();
  readonly #ends: (() => void)[] = [];
  #closed = false;

  constructor(@Inject(ApprovalFold) fold: ApprovalFold) {
    this.#fold = fold;
  }

  onModuleInit(): void {
    const pings = setInterval(() => this.#each(({ stream }) => stream.ping()), pingEvery).unref();
    const rights = setInterval(() => this.#each((reader) => void this.#ask(reader)), askAgainEvery).unref();
    this.#ends.push(
      this.#fold.book.onEveryChange(({ request }) => this.#each(({ stream }) => stream.changed(request.id))),
      () => clearInterval(pings),
      () => clearInterval(rights),
    );
  }

  /** An open answer would keep the server from closing. */
  onModuleDestroy(): void {
    this.#closed = true;
    for (const end of this.#ends.splice(0)) end();
    this.#each(({ stream }) => stream.finish());
  }

  /** What happens from now on. Throws BUDGET_EXCEEDED where this caller, or all together, listen too often already. */
  open(caller: CallerIdentity, again: AskAgain): Readable {
    if (this.#closed) throw new AppError('SHUTTING_DOWN', 'the approval service is shutting down');
    const { id } = caller.principal;
    const own = [...this.#readers].filter((reader) => reader.caller.principal.id === id).length;
    if (own >= mostOfOne)
      throw new AppError(
        'BUDGET_EXCEEDED',
        `you listen ${mostOfOne} times already: close one, or read the list`,
      );
    if (this.#readers.size >= mostOfAll)
      throw new AppError('BUDGET_EXCEEDED', 'too many listen already: read the list instead');
    const stream = new ApprovalStream((requestId) => this.#render(reader, requestId));
    const reader: Reader = { stream, again, caller, asking: false };
    this.#readers.add(reader);
    stream.once('close', () => this.#readers.delete(reader));
    return stream;
  }

  #each(visit: (reader: Reader) => void): void {
    for (const reader of this.#readers) visit(reader);
  }

  /** As it stands now, and by what is known of the reader now: neither may be what it was when it happened. */
  #render({ caller }: Reader, id: string): string | undefined {
    const { book, groups } = this.#fold;
    const approval = book.get(id);
    if (!approval || !mayDecide(approval.request, groups.narrowed(caller.principal))) return undefined;
    return JSON.stringify(toItem(approval));
  }

  /** The token may have expired, the page session be over, the role be gone. One who stopped reading is let go, too. */
  async #ask(reader: Reader): Promise<void> {
    if (!reader.stream.isRead()) {
      reader.stream.destroy();
      return;
    }
    if (reader.asking) return;
    reader.asking = true;
    try {
      reader.caller = await reader.again();
    } catch {
      reader.stream.finish();
    } finally {
      reader.asking = false;
    }
  }
}
