import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, writeDurably, type Clock } from '#kernel';
import { LocalLedger, type MeterState } from './budget-ledger.js';
import { LookupRegister, type LookupState } from './lookup-register.js';

interface State {
  readonly version: 1;
  readonly meters: readonly MeterState[];
  readonly lookups: readonly LookupState[];
}

export interface BudgetStateOptions {
  readonly path: string;
  /** The key of the hashes of looked-up values. */
  readonly key: Uint8Array;
  readonly clock: Clock;
  readonly log: (error: unknown) => void;
}

/** How much a crash may forget. */
const writeEveryMs = 1000;

/**
 * The windows' sums in a file of the state directory, so that a restart opens no window: written at most once a second,
 * and once more at the end.
 */
export class BudgetState {
  readonly ledger: LocalLedger;
  readonly lookups: LookupRegister;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  private constructor(private readonly options: BudgetStateOptions) {
    const changed = () => this.changed();
    this.ledger = new LocalLedger(changed);
    this.lookups = new LookupRegister(options.key, changed);
  }

  /** Throws CONFIG_INVALID if the file is damaged. */
  static async open(options: BudgetStateOptions): Promise<BudgetState> {
    const budgets = new BudgetState(options);
    const state = await read(options.path);
    if (state) {
      budgets.ledger.restore(state.meters);
      budgets.lookups.restore(state.lookups);
    }
    return budgets;
  }

  async close(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.write();
  }

  private changed(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.write().catch(this.options.log);
    }, writeEveryMs).unref();
  }

  /** One after the other: an older state must not replace a newer one. */
  private write(): Promise<void> {
    this.writing = this.writing
      .catch(() => undefined)
      .then(async () => {
        const now = this.options.clock.now();
        const state: State = {
          version: 1,
          meters: this.ledger.state(now),
          lookups: this.lookups.state(now),
        };
        await mkdir(dirname(this.options.path), { recursive: true, mode: 0o700 });
        return writeDurably(this.options.path, JSON.stringify(state));
      });
    return this.writing;
  }
}

async function read(path: string): Promise<State | undefined> {
  try {
    const state = JSON.parse(await readFile(path, 'utf8')) as State;
    if (state.version !== 1) throw new Error('it is of another version');
    return state;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    const message = `${path} cannot be read: restore it, or remove it to begin all budgets anew`;
    throw new AppError('CONFIG_INVALID', message, { cause });
  }
}
