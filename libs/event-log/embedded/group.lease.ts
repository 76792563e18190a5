import { randomUUID } from 'node:crypto';
import type { Database } from 'lmdb';
import type { Topic } from '#events';
import type { Clock } from '#kernel';
import type { GroupState, Store } from './store.js';

/** How long a member that has gone silent keeps others out, where its process can't be seen to be dead. */
export const leaseMs = 10_000;

export interface Claim {
  readonly token: string;
  readonly after: number;
}

/**
 * A work group's position, and the lease without which nobody moves it. A claim's token is its fence: a member
 * that slept through its lease finds another token, or none, and its commit does nothing.
 */
export class GroupLease {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #groups: Database<GroupState, string>;
  readonly #key: string;

  constructor(store: Store, clock: Clock, topic: Topic, group: string) {
    this.#store = store;
    this.#clock = clock;
    this.#groups = store.groups;
    this.#key = `${topic} ${group}`;
  }

  /** The group's position as last committed by anyone. */
  position(): number {
    return this.#read().offset;
  }

  isHeld(): boolean {
    const { lease } = this.#read();
    return lease !== undefined && lease.until > this.#clock.now() && isAlive(lease.pid);
  }

  claim(): Promise<Claim | undefined> {
    return this.#store.write(() => {
      if (this.isHeld()) return undefined;
      const token = randomUUID();
      const { offset } = this.#read();
      this.#write({ offset, lease: this.#lease(token) });
      return { token, after: offset };
    });
  }

  /** Moves the position and lets go. False: the lease was lost meanwhile, and nothing was moved. */
  commit(token: string, offset: number): Promise<boolean> {
    return this.#whileMine(token, () => this.#write({ offset }));
  }

  release(token: string): Promise<boolean> {
    return this.#whileMine(token, ({ offset }) => this.#write({ offset }));
  }

  renew(token: string): Promise<boolean> {
    return this.#whileMine(token, ({ offset }) => this.#write({ offset, lease: this.#lease(token) }));
  }

  #whileMine(token: string, change: (state: GroupState) => void): Promise<boolean> {
    return this.#store.write(() => {
      const state = this.#read();
      const mine = state.lease?.token === token;
      if (mine) change(state);
      return mine;
    });
  }

  #lease(token: string): NonNullable<GroupState['lease']> {
    return { token, pid: process.pid, until: this.#clock.now() + leaseMs };
  }

  #read(): GroupState {
    return this.#groups.get(this.#key) ?? { offset: -1 };
  }

  #write(state: GroupState): void {
    this.#groups.putSync(this.#key, state);
  }
}

/** LMDB asks that its processes share one host and pid namespace, so a pid means the same to all of them. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
