import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { Appended } from '#domain';
import type { Connection, Envelope } from '#events';
import { AppError, type Clock, type Principal } from '#kernel';
import {
  CLOCK,
  connectionSecretStoredAt,
  dropConnectionSecret,
  INSTANCE,
  storedConnectionSecrets,
  type ConnectionConfig,
  type WeirConfig,
} from '#platform';
import { fromFile, referenceTo, sameConnection, toWireConnection } from './connection.wire.js';
import { readMasking, readPolicies, rereadConfig } from './file-sets.js';
import { maskingPublished, policiesPublished, registered, removed, type Author } from './policy.events.js';
import { PolicyFold } from './policy.fold.js';
import { PolicyOwnership } from './policy.ownership.js';
import { restartKeys } from './restart-keys.js';
import { Turns } from './turns.js';

/** Milliseconds. */
const orphanAfter = 10 * 60_000;

export interface Publication {
  /** Names of connections. */
  readonly registered: readonly string[];
  readonly removed: readonly string[];
  /** The new version, where it changed. */
  readonly policies: string | undefined;
  readonly masking: string | undefined;
  /** Keys of weir.yaml that hold only once the gate starts again. */
  readonly restart: readonly string[];
  /** Absent where nothing changed. */
  readonly appended: Appended | undefined;
}

/**
 * Brings what files say into the log: at start, on SIGHUP and on demand. Everything is read and validated
 * first, and only what differs from the fold is appended; a set that is wrong changes nothing.
 */
@Injectable()
export class PolicyPublisher implements OnModuleInit, OnModuleDestroy {
  readonly #log = new Logger('policy');
  readonly #fold: PolicyFold;
  readonly #ownership: PolicyOwnership;
  readonly #turns: Turns;
  readonly #clock: Clock;
  readonly #source: string;
  readonly #started: WeirConfig;
  #stale: string | undefined;
  readonly #onHangup = () => void this.#reload();

  constructor(
    @Inject(PolicyFold) fold: PolicyFold,
    @Inject(PolicyOwnership) ownership: PolicyOwnership,
    @Inject(Turns) turns: Turns,
    @Inject(CLOCK) clock: Clock,
    @Inject(INSTANCE) instance: string,
  ) {
    this.#fold = fold;
    this.#ownership = ownership;
    this.#turns = turns;
    this.#clock = clock;
    this.#source = `policy/${instance}`;
    this.#started = ownership.config;
  }

  /** The last good sets serve where a file is wrong; without any, the process does not start. */
  async onModuleInit(): Promise<void> {
    await this.#fold.start();
    try {
      await this.#turns.take(() => this.#publish(this.#ownership.config, undefined, ''));
    } catch (error) {
      if (!this.#fold.state.policies || !this.#fold.state.masking) throw error;
      this.#tellStale(error);
    }
    await this.#sweepSecrets();
    process.on('SIGHUP', this.#onHangup);
  }

  /** Why files were not published when they were last read, while what was published before stays in force. */
  get stale(): string | undefined {
    return this.#stale;
  }

  onModuleDestroy(): void {
    process.off('SIGHUP', this.#onHangup);
  }

  /** Reads weir.yaml and what it names again. CONFIG_INVALID, POLICY_INVALID, SET_OWNED_ELSEWHERE. */
  publish(by: Principal | undefined, changeReference: string): Promise<Publication> {
    return this.#turns.take(() => this.#publish(rereadConfig(this.#ownership.config), by, changeReference));
  }

  /** Registers what Weirkeeper serves by itself, such as the demo database; belongs to nobody's set. */
  registerHouse({ password, ...facts }: ConnectionConfig): Promise<void> {
    return this.#turns.take(async () => {
      const known = this.#fold.state.connections.get(facts.name);
      if (known && known.owner !== 'house')
        throw new AppError('CONFLICT', `there is a connection ${facts.name} already; rename it`);
      const ref = await referenceTo(password, facts.name, known?.connection, this.#ownership.config);
      const connection = toWireConnection(facts, ref);
      if (sameConnection(known?.connection, connection)) return;
      await this.#fold.follower.append(registered(connection, 'house', this.#author(undefined, '')));
      if (known && known.connection.passwordRef !== ref) await this.#drop(known.connection);
    });
  }

  async #publish(
    config: WeirConfig,
    by: Principal | undefined,
    changeReference: string,
  ): Promise<Publication> {
    const author = this.#author(by, changeReference);
    const { policies, masking } = this.#changedSets(config);
    const { toRegister, toRemove } = await this.#changedConnections(config);
    const events: Envelope[] = [
      ...toRemove.map(({ name }) => removed(name, 'file', author)),
      ...toRegister.map((connection) => registered(connection, 'file', author)),
      ...(masking ? [maskingPublished(masking, 'file', author)] : []),
      ...(policies ? [policiesPublished(policies, 'file', author)] : []),
    ];
    const replaced = toRegister.map(({ name }) => this.#fold.state.connections.get(name)?.connection);
    const [first, ...rest] = events;
    const appended = first && (await this.#fold.follower.append(first, ...rest));
    this.#ownership.config = config;
    this.#stale = undefined;
    const used = new Set(toRegister.map(({ passwordRef }) => passwordRef));
    for (const old of [...toRemove, ...replaced])
      if (old && !used.has(old.passwordRef)) await this.#drop(old);
    return {
      registered: toRegister.map(({ name }) => name),
      removed: toRemove.map(({ name }) => name),
      policies: policies?.version,
      masking: masking?.version,
      restart: restartKeys(this.#started, config),
      appended,
    };
  }

  #changedSets(config: WeirConfig) {
    const { state } = this.#fold;
    const masking = readMasking(config.masking);
    if (masking.masksNothing) this.#log.warn(`${config.masking}: no rule masks a column by its name`);
    const policies =
      this.#ownership.ofPolicies(config) === 'file' ? readPolicies(config.policies) : undefined;
    for (const warning of policies?.warnings ?? []) this.#log.warn(warning);
    const isNew = policies?.version !== state.policies?.version || state.policies?.owner !== 'file';
    return {
      policies: isNew ? policies : undefined,
      masking: masking.version === state.masking?.version ? undefined : masking,
    };
  }

  async #changedConnections(config: WeirConfig) {
    const { connections } = this.#fold.state;
    this.#ownership.demandFile(config);
    const wanted = await Promise.all(
      config.connections.map((entry) => fromFile(entry, connections.get(entry.name)?.connection, config)),
    );
    const listed = new Set(wanted.map(({ name }) => name));
    const gone = [...connections.values()].filter(({ owner, connection: { name } }) =>
      owner === 'file' ? !listed.has(name) : owner === 'house' && !config.demo,
    );
    return {
      toRegister: wanted.filter((connection) => {
        const known = connections.get(connection.name);
        return known?.owner !== 'file' || !sameConnection(known.connection, connection);
      }),
      toRemove: gone.map(({ connection }) => connection),
    };
  }

  async #reload(): Promise<void> {
    try {
      const { appended: _, ...changed } = await this.publish(undefined, 'SIGHUP');
      this.#log.log({ message: 'files read again', ...changed });
    } catch (error) {
      this.#tellStale(error);
    }
  }

  #tellStale(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#stale = message;
    this.#log.error(`${message}\nnothing was published; what was last published stays in force`);
  }

  /**
   * Stored passwords that no connection names: left by a crash between storing and registering. A young one may be another
   * replica's, which is about to say so.
   */
  async #sweepSecrets(): Promise<void> {
    const used = new Set([...this.#fold.state.connections.values()].map((c) => c.connection.passwordRef));
    const old = this.#clock.now() - orphanAfter;
    for (const passwordRef of await storedConnectionSecrets(this.#ownership.config.sharedDir))
      if (!used.has(passwordRef) && connectionSecretStoredAt(passwordRef) < old)
        await dropConnectionSecret(passwordRef, this.#ownership.config.sharedDir);
  }

  #drop({ passwordRef }: Pick<Connection, 'passwordRef'>): Promise<void> {
    return dropConnectionSecret(passwordRef, this.#ownership.config.sharedDir);
  }

  #author(by: Principal | undefined, changeReference: string): Author {
    return { source: this.#source, clock: this.#clock, by, changeReference };
  }
}
