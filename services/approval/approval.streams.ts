import type { Readable } from 'node:stream';
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { mayDecide, type PageSession } from '#domain';
import { AppError } from '#kernel';
import { IdentityLog, type AskAgain, type CallerIdentity } from '#platform';
import { ApprovalFold } from './approval.fold.js';
import { toItem } from './approval.item.js';
import { ApprovalStream } from './approval.stream.js';

/** Milliseconds. A caller's right is asked for again as often as that: a token expires without a word. */
const pingEvery = 15_000;
const askAgainEvery = 60_000;
/** Tabs and tools of one person. */
const mostOfOne = 8;
const mostOfAll = 1_000;

interface Reader {
  readonly stream: ApprovalStream;
  readonly again: AskAgain;
  caller: CallerIdentity;
  /** What is known of the caller has changed since it was asked for last. */
  isStale: boolean;
  asking: boolean;
}

/** Everybody who listens for approvals: each hears of what they may decide, as long as they may. */
@Injectable()
export class ApprovalStreams implements OnModuleInit, OnModuleDestroy {
  readonly #fold: ApprovalFold;
  readonly #identity: Pick<IdentityLog, 'sessions' | 'groups'>;
  readonly #readers = new Set<Reader>();
  readonly #ends: (() => void)[] = [];
  #closed = false;

  constructor(
    @Inject(ApprovalFold) fold: ApprovalFold,
    @Inject(IdentityLog) identity: Pick<IdentityLog, 'sessions' | 'groups'>,
  ) {
    this.#fold = fold;
    this.#identity = identity;
  }

  onModuleInit(): void {
    const pings = setInterval(() => this.#each(({ stream }) => stream.ping()), pingEvery).unref();
    const rights = setInterval(() => this.#each((reader) => this.#checkOn(reader)), askAgainEvery).unref();
    this.#ends.push(
      this.#fold.book.onEveryChange(({ request }) => this.#each(({ stream }) => stream.changed(request.id))),
      this.#identity.sessions.onEveryChange((after, before) => this.#follow(after, before)),
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
    const reader: Reader = { stream, again, caller, isStale: false, asking: false };
    this.#readers.add(reader);
    stream.once('close', () => this.#readers.delete(reader));
    return stream;
  }

  #each(visit: (reader: Reader) => void): void {
    for (const reader of this.#readers) visit(reader);
  }

  /** As it stands now, and by what is known of the reader now: neither may be what it was when it happened. */
  #render({ caller: { principal, saidAt } }: Reader, id: string): string | undefined {
    const approval = this.#fold.book.get(id);
    const person = this.#identity.groups.narrowed(principal, saidAt);
    if (!approval || !mayDecide(approval.request, person)) return undefined;
    return JSON.stringify(toItem(approval));
  }

  /** Signed out, or with other groups: whoever it is about is asked for at once. A mere use tells nothing. */
  #follow(after: PageSession, before: PageSession | undefined): void {
    if (after.ended === before?.ended && after.principal === before?.principal) return;
    const { id } = after.principal;
    this.#each((reader) => void (reader.caller.principal.id === id && this.#ask(reader)));
  }

  /** One who stopped reading is let go. */
  #checkOn(reader: Reader): void {
    if (reader.stream.isRead()) void this.#ask(reader);
    else reader.stream.destroy();
  }

  /** The token may have expired, the page session be over, the role be gone. */
  async #ask(reader: Reader): Promise<void> {
    reader.isStale = true;
    if (reader.asking) return;
    reader.asking = true;
    try {
      while (reader.isStale) {
        reader.isStale = false;
        reader.caller = await reader.again();
      }
    } catch {
      reader.stream.finish();
    } finally {
      reader.asking = false;
    }
  }
}
