import { ownMetrics, type WeirConfig } from '#platform';
import type { BackendKey } from '../postgres/codec.js';
import { Channel } from './channel.js';
import { workerName, type Place } from './place.js';

/** A key as it goes between processes. */
export interface CarriedKey {
  readonly pid: number;
  /** Hex. */
  readonly secret: string;
}

/** The place of a worker, whose other processes are beyond `process`'s channel. */
export function workerPlace(
  index: number,
  config: WeirConfig,
  cancel: (key: BackendKey) => Promise<unknown>,
): Place {
  const channel = new Channel(process as never, {
    cancel: ({ pid, secret }: CarriedKey) => cancel({ pid, secret: Buffer.from(secret, 'hex') }),
    metrics: () => ownMetrics(workerName(index)),
  });
  return {
    index,
    count: config.proxy.workers,
    forwardCancel: (owner, { pid, secret }) =>
      channel.ask('cancel', { owner, key: { pid, secret: secret.toString('hex') } }),
    lender: {
      lease: (bounds, wanted) => channel.ask('lease', { bounds, wanted }),
      // One that is lost makes the budget end early.
      giveBack: (id, unspent) => void channel.ask('giveBack', { id, unspent }).catch(() => undefined),
    },
    listening: (address) => void channel.ask('listening', address).catch(() => undefined),
  };
}
