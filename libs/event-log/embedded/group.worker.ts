import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '#kernel';
import { persist, type HandlerFailure } from '../persist.js';
import type { BatchHandler, LoggedEvent, WorkOptions } from '../port.js';
import { GroupLease, leaseMs, type Claim } from './group.lease.js';
import type { Store } from './store.js';
import { batchBytes, batchEvents } from './tail.reader.js';
import type { Wake } from './wake.js';

/** One member of a work group: claims, handles a batch, commits; others wait meanwhile. */
export class GroupWorker {
  readonly #lease: GroupLease;
  readonly #stop = new AbortController();
  readonly done: Promise<void>;

  constructor(
    private readonly store: Store,
    private readonly wake: Wake,
    clock: Clock,
    private readonly options: WorkOptions,
    private readonly handle: BatchHandler,
    private readonly onFailure: (failure: HandlerFailure) => void,
  ) {
    this.#lease = new GroupLease(store, clock, options.topic, options.group);
    wake.enter();
    this.done = this.#run().finally(() => wake.leave());
  }

  stop(): Promise<void> {
    this.#stop.abort();
    this.wake.now();
    return this.done;
  }

  async #run(): Promise<void> {
    const stopped = this.#stop.signal;
    await turn();
    while (!stopped.aborted) {
      const beat = this.wake.beat;
      const claim = await this.#tryClaim();
      if (claim) await this.#work(claim).catch(this.#report);
      else if (!stopped.aborted) await this.wake.since(beat);
      await turn();
    }
  }

  /** Looks before it writes, so that waiting costs the disk nothing. */
  async #tryClaim(): Promise<Claim | undefined> {
    this.store.refresh();
    if (this.store.end(this.options.topic) <= this.#lease.position() || this.#lease.isHeld())
      return undefined;
    return this.#lease.claim().catch(this.#report);
  }

  async #work({ token, after }: Claim): Promise<void> {
    this.store.refresh();
    const limit = this.options.batchSize ?? batchEvents;
    const [first, ...rest] = this.store.read(this.options.topic, after, limit, batchBytes);
    if (!first) return void (await this.#lease.release(token));
    const batch: [LoggedEvent, ...LoggedEvent[]] = [first, ...rest];
    const taken = await this.#holding(token, (ends) => persist(this.handle, batch, ends, this.onFailure));
    if (!taken) return void (await this.#lease.release(token));
    await this.#lease.commit(token, batch.at(-1)?.position.offset ?? after);
    this.wake.now(); // the group's other members in this process
  }

  /** Renews the lease while `action` runs; its signal fires on stop and when the lease is lost. */
  async #holding<T>(token: string, action: (ends: AbortSignal) => Promise<T>): Promise<T> {
    const lost = new AbortController();
    const renew = () =>
      this.#lease.renew(token).then(
        (mine) => mine || lost.abort(),
        () => {}, // tried again before the lease ends
      );
    const timer = setInterval(() => void renew(), leaseMs / 3);
    try {
      return await action(AbortSignal.any([this.#stop.signal, lost.signal]));
    } finally {
      clearInterval(timer);
    }
  }

  readonly #report = (error: unknown): undefined => {
    console.error(`event log: group ${this.options.group} of ${this.options.topic}`, error);
  };
}
