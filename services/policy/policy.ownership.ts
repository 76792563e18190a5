import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '#kernel';
import { CONFIG, type WeirConfig } from '#platform';
import { PolicyFold } from './policy.fold.js';

/** `policies: api` in weir.yaml gives the set of policies to the API. */
const apiOwned = 'api';

/**
 * A set has one owner, `file` or `api`. Connections belong to the file while weir.yaml lists any and the API
 * has left none; what the house registers itself is part of neither.
 */
@Injectable()
export class PolicyOwnership {
  /** As last read without error. */
  config: WeirConfig;
  readonly #fold: PolicyFold;

  constructor(@Inject(CONFIG) config: WeirConfig, @Inject(PolicyFold) fold: PolicyFold) {
    this.config = config;
    this.#fold = fold;
  }

  ofPolicies({ policies }: WeirConfig): 'file' | 'api' {
    return policies === apiOwned ? 'api' : 'file';
  }

  /** Throws SET_OWNED_ELSEWHERE where the file lists connections, but the set is the API's. */
  demandFile(config: WeirConfig): void {
    const names = this.#ofApi();
    if (config.connections.length === 0 || names.length === 0) return;
    throw new AppError(
      'SET_OWNED_ELSEWHERE',
      `${config.file} lists connections, but ${names.join(', ')} came through the API`,
      { hint: 'move them to the file: delete them through the API, list them, publish again' },
    );
  }

  /** Throws SET_OWNED_ELSEWHERE where connections are the file's. */
  demandConnectionsOfApi(): void {
    if (this.config.connections.length === 0 || this.#ofApi().length > 0) return;
    throw this.#ofFile('connections');
  }

  /** Throws SET_OWNED_ELSEWHERE where policies are the file's. */
  demandPoliciesOfApi(): void {
    if (this.ofPolicies(this.config) === 'file') throw this.#ofFile('policies');
  }

  #ofApi(): string[] {
    const all = [...this.#fold.state.connections.values()];
    return all.filter(({ owner }) => owner === 'api').map(({ connection }) => connection.name);
  }

  #ofFile(set: string): AppError {
    const message = `the ${set} are those of ${this.config.file}, not of the API`;
    const hint = 'change the file, then `weir policy publish` or SIGHUP';
    return new AppError('SET_OWNED_ELSEWHERE', message, { hint });
  }
}
