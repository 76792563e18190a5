import type { LeasePort } from '../gate/budget/budget-lease.js';
import type { BackendKey } from '../postgres/codec.js';

/** Which of the data plane's processes this is, and how it reaches the others. */
export interface Place {
  /** From 0; a cancel key carries it, so that any process knows whose session it means. */
  readonly index: number;
  readonly count: number;
  /** Takes a cancel to the process that owns the key's session. */
  forwardCancel(index: number, key: BackendKey): Promise<boolean>;
  /** The process that counts what windows bound; absent: this one. */
  readonly lender?: LeasePort;
  /** Told once this process takes clients. */
  listening(address: { host: string; port: number }): void;
}

export const PLACE = Symbol('PLACE');

/** The only process there is. */
export const alone: Place = {
  index: 0,
  count: 1,
  forwardCancel: () => Promise.resolve(false),
  listening: () => undefined,
};

/** What a worker is called, in the log and in metrics. */
export const workerName = (index: number): string => `proxy-${index + 1}`;

/** The variable that tells a worker its place. */
export const placeVariable = 'WEIR_PROXY_WORKER';
/** Set where its gate's house has audit, too: see YIELDS. */
export const yieldsVariable = 'WEIR_PROXY_YIELDS';
