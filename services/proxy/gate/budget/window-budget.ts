import { AppError, type Clock } from '#kernel';
import type { BudgetWindow, Obligations } from '#policy-engine';
import type { Bound, BudgetLedger } from './budget-ledger.js';

/**
 * What windows still let one identity read on one connection. Ask `rowsLeft` and `bytesLeft`, send no more than that,
 * tell `spent`, all in one turn: nothing can come between. Is less left than wanted, `more`.
 */
export interface WindowBudget {
  /** Infinity where no window bounds it. */
  rowsLeft(): number;
  bytesLeft(): number;
  spent(rows: number, bytes: number): void;
  /** Pause the target until it resolves, then ask again. Undefined: that was all; stop, with `refusal`. */
  more(rows: number, bytes: number): Promise<void> | undefined;
  /** BUDGET_EXCEEDED, saying which window it was and when it opens again. */
  refusal(wasExecuted: boolean): AppError;
}

/** Undefined where no window bounds a statement with these obligations: then nobody has to look. */
export function windowBudget(
  { maxRowsPer, maxBytesPer }: Obligations,
  who: { readonly identity: string; readonly connection: string },
  ledger: BudgetLedger,
  clock: Clock,
): WindowBudget | undefined {
  if (!maxRowsPer && !maxBytesPer) return undefined;
  const bounds = (unit: string, windows: readonly BudgetWindow[] = []): readonly Bound[] => {
    const key = JSON.stringify([who.identity, who.connection, unit]);
    return windows.map((window) => ({ ...window, key }));
  };
  return new Windows(bounds('rows', maxRowsPer), bounds('bytes', maxBytesPer), ledger, clock);
}

class Windows implements WindowBudget {
  constructor(
    private readonly rows: readonly Bound[],
    private readonly bytes: readonly Bound[],
    private readonly ledger: BudgetLedger,
    private readonly clock: Clock,
  ) {}

  rowsLeft(): number {
    return this.left(this.rows);
  }

  bytesLeft(): number {
    return this.left(this.bytes);
  }

  spent(rows: number, bytes: number): void {
    const now = this.clock.now();
    if (this.rows.length > 0) this.ledger.spend(this.rows, rows, now);
    if (this.bytes.length > 0) this.ledger.spend(this.bytes, bytes, now);
  }

  more(rows: number, bytes: number): Promise<void> | undefined {
    const now = this.clock.now();
    const short = (bounds: readonly Bound[], wanted: number) =>
      this.left(bounds) < wanted ? [this.ledger.more(bounds, wanted - this.left(bounds), now)] : [];
    const asked = [...short(this.rows, rows), ...short(this.bytes, bytes)];
    // One that has nothing more ends it, whatever the other could still get.
    if (asked.length === 0 || asked.includes(undefined)) return undefined;
    return Promise.all(asked).then(() => undefined);
  }

  refusal(wasExecuted: boolean): AppError {
    const [window, unit] = this.reached();
    const now = this.clock.now();
    const bounds = unit === 'rows' ? this.rows : this.bytes;
    const opens = new Date(this.ledger.opensAt(bounds, now)).toISOString().slice(0, 19);
    const what = `the budget of ${window.amount} ${unit} in ${lengthOf(window.ms)} is reached`;
    const tail = `it opens again from ${opens}Z on`;
    return new AppError(
      'BUDGET_EXCEEDED',
      wasExecuted ? `the statement was executed; ${what}, so its result is cut; ${tail}` : `${what}; ${tail}`,
    );
  }

  private left(bounds: readonly Bound[]): number {
    return bounds.length === 0 ? Infinity : this.ledger.left(bounds, this.clock.now());
  }

  /** The window that has the least left for its size; a row that is larger than what is left reaches one of bytes. */
  private reached(): [BudgetWindow, 'rows' | 'bytes'] {
    const now = this.clock.now();
    const share = (bound: Bound) => this.ledger.left([bound], now) / bound.amount;
    const least = (bounds: readonly Bound[]) => [...bounds].sort((a, b) => share(a) - share(b))[0];
    const [rows, bytes] = [least(this.rows), least(this.bytes)];
    if (!bytes) return [rows!, 'rows'];
    return rows && this.rowsLeft() < 1 ? [rows, 'rows'] : [bytes, 'bytes'];
  }
}

/** `90 s`, `15 min`, `1 h`, `7 d`. */
export function lengthOf(ms: number): string {
  const [unit, name] = units.find(([length]) => ms % length === 0) ?? [1000, 's'];
  return `${ms / unit} ${name}`;
}

const units: readonly (readonly [ms: number, name: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
];
