import type { Bound, BudgetLedger, LocalLedger } from './budget-ledger.js';

/**
 * A slice of a budget, lent to another process. It is counted as spent when it ends, however early it is really spent:
 * an amount that moves forward in time can only close a window for longer.
 */
export interface Slice {
  readonly id: number;
  readonly granted: number;
  /** How long it may be spent, from the moment at which it was asked for. A length: clocks need not agree. */
  readonly ms: number;
}

/** The way to the process that counts, over whatever carries messages. A lost message makes a budget end early. */
export interface LeasePort {
  lease(bounds: readonly Bound[], wanted: number): Promise<Slice>;
  giveBack(id: number, unspent: number): void;
}

const longestLeaseMs = 5000;
const leasesAWindow = 10;

/** The side that counts. */
export class BudgetLessor {
  private readonly lent = new Map<number, { bounds: readonly Bound[]; granted: number; at: number }>();
  private lastId = 0;

  constructor(private readonly ledger: LocalLedger) {}

  lease(bounds: readonly Bound[], wanted: number, now: number): Slice {
    this.forget(now);
    const ms = Math.min(longestLeaseMs, ...bounds.map((bound) => Math.ceil(bound.ms / leasesAWindow)));
    const { granted, at } = this.ledger.lend(bounds, wanted, ms, now);
    const id = ++this.lastId;
    if (granted > 0) this.lent.set(id, { bounds, granted, at });
    return { id, granted, ms };
  }

  /** Once a slice; what comes long after its end is too late to matter. */
  giveBack(id: number, unspent: number): void {
    const lent = this.lent.get(id);
    if (!lent) return;
    this.lent.delete(id);
    this.ledger.takeBack(lent.bounds, Math.min(Math.max(0, unspent), lent.granted), lent.at);
  }

  /** Slices come in about the order of their ends. */
  private forget(now: number): void {
    for (const [id, { at }] of this.lent) {
      if (at + longestLeaseMs > now) return;
      this.lent.delete(id);
    }
  }
}

interface Held {
  readonly id: number;
  rest: number;
  readonly until: number;
}

interface Account {
  readonly held: Held[];
  asking: Promise<void> | undefined;
  /** The lessor had nothing; not asked again before this. */
  closedUntil: number;
}

/** A hundredth of a bound is asked for at least: few questions, and not much that others miss meanwhile. */
const slicesABound = 100;
const askAgainMs = 100;

/** The side that spends: slices of one lessor's ledger. Times that callers name do not count, only its own clock. */
export class LeasedLedger implements BudgetLedger {
  private readonly accounts = new Map<string, Account>();

  constructor(
    private readonly port: LeasePort,
    /** Milliseconds of a clock that is never set back (performance.now): a slice must not last longer for that. */
    private readonly clock: { now(): number },
  ) {}

  left(bounds: readonly Bound[]): number {
    const account = this.accounts.get(nameOf(bounds));
    if (!account) return 0;
    this.drop(account);
    return account.held.reduce((sum, { rest }) => sum + rest, 0);
  }

  spend(bounds: readonly Bound[], amount: number): void {
    // A slice that has just ended counts as well: what `left` said may have gone out.
    const account = this.account(bounds);
    for (const slice of account.held) {
      const taken = Math.min(slice.rest, amount);
      slice.rest -= taken;
      amount -= taken;
    }
  }

  more(bounds: readonly Bound[], wanted: number): Promise<void> | undefined {
    const account = this.account(bounds);
    if (account.asking) return account.asking;
    if (this.clock.now() < account.closedUntil) return undefined;
    const least = Math.ceil(Math.min(...bounds.map(({ amount }) => amount)) / slicesABound);
    account.asking = this.ask(account, bounds, Math.max(wanted, least)).finally(
      () => (account.asking = undefined),
    );
    return account.asking;
  }

  /** Only the lessor knows better: the shortest window from now on. */
  opensAt(bounds: readonly Bound[], now: number): number {
    return now + Math.min(...bounds.map(({ ms }) => ms));
  }

  /** Gives back what is not spent of slices that ended. To be called now and then. */
  sweep(): void {
    for (const [name, account] of this.accounts) {
      this.drop(account);
      if (account.held.length === 0 && !account.asking && this.clock.now() >= account.closedUntil)
        this.accounts.delete(name);
    }
  }

  private async ask(account: Account, bounds: readonly Bound[], wanted: number): Promise<void> {
    const asked = this.clock.now();
    // Whoever counts is away: then nothing more is to be had.
    const none: Slice = { id: 0, granted: 0, ms: 0 };
    const { id, granted, ms } = await this.port.lease(bounds, wanted).catch(() => none);
    // Counted from before it was asked for: the lessor counts from when it heard of it, which is later.
    if (granted > 0) account.held.push({ id, rest: granted, until: asked + ms });
    else account.closedUntil = this.clock.now() + askAgainMs;
  }

  private drop(account: Account): void {
    const now = this.clock.now();
    for (let i = account.held.length - 1; i >= 0; i--) {
      const { id, rest, until } = account.held[i]!;
      if (now < until && rest > 0) continue;
      account.held.splice(i, 1);
      if (rest > 0) this.port.giveBack(id, rest);
    }
  }

  private account(bounds: readonly Bound[]): Account {
    const name = nameOf(bounds);
    const account = this.accounts.get(name) ?? { held: [], asking: undefined, closedUntil: 0 };
    this.accounts.set(name, account);
    return account;
  }
}

function nameOf(bounds: readonly Bound[]): string {
  return bounds.map(({ key, ms, amount }) => `${amount}/${ms}/${key}`).join('\n');
}
