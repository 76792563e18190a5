import type { IncomingMessage } from 'node:http';
import { AppError } from '#kernel';
import { isLoopback } from '#wire';
import type { WeirConfig } from './config.schema.js';
import { isWithin, parseNetworks, sourceAddress, type Networks } from './source-address.js';

export type Scrape = Pick<IncomingMessage, 'headers' | 'socket'>;

/** Who may read metrics: this machine, and what `observability.metrics.from` names. */
export class MetricsReaders {
  readonly #from: Networks;
  readonly #trusted: Networks;

  constructor({ identity, observability }: Pick<WeirConfig, 'identity' | 'observability'>) {
    this.#from = parseNetworks(observability.metrics.from);
    this.#trusted = parseNetworks(identity.trustedProxies);
  }

  /** Throws FORBIDDEN. */
  expect(request: Scrape): void {
    if (this.#isLocal(request) || isWithin(sourceAddress(request, this.#trusted), this.#from)) return;
    throw new AppError('FORBIDDEN', 'metrics are not served to this address', {
      hint: 'this machine may read them, and what `observability.metrics.from` names',
    });
  }

  /** Throws FORBIDDEN to all but this machine. */
  expectLocal(request: Scrape): void {
    if (!this.#isLocal(request)) throw new AppError('FORBIDDEN', 'this is served on loopback only');
  }

  /** A proxy's word that it asks for this machine does not make it so: the socket must say it, too. */
  #isLocal(request: Scrape): boolean {
    const { remoteAddress } = request.socket;
    if (remoteAddress === undefined) return true; // a Unix socket
    return isLoopback(remoteAddress) && isLoopback(sourceAddress(request, this.#trusted));
  }
}
