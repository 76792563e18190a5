import { Inject, Injectable } from '@nestjs/common';
import { eventIdFor, type Appended, type RegisteredConnection } from '#domain';
import type { Connection } from '#events';
import { AppError, type Clock, type Principal } from '#kernel';
import { CLOCK, dropConnectionSecret, INSTANCE, storeConnectionSecret } from '#platform';
import type { ConnectionBody, ConnectionChange } from './connection.item.js';
import { sameConnection, toWireConnection } from './connection.wire.js';
import { registered, removed, type Author } from './policy.events.js';
import { PolicyFold } from './policy.fold.js';
import { PolicyOwnership } from './policy.ownership.js';
import { Turns } from './turns.js';

/** Who writes, and the Idempotency-Key they sent. */
export interface Writer {
  readonly by: Principal;
  readonly key: string | undefined;
}

/** What became of a write. No `appended`: it was done before, by the same key, or changes nothing. */
export interface Written {
  readonly eventId: string;
  readonly appended: Appended | undefined;
}

/** Connections through the API, while they are the API's. */
@Injectable()
export class ConnectionsDesk {
  readonly #fold: PolicyFold;
  readonly #ownership: PolicyOwnership;
  readonly #turns: Turns;
  readonly #clock: Clock;
  readonly #source: string;

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
  }

  list(): RegisteredConnection[] {
    const all = [...this.#fold.state.connections.values()];
    return all.toSorted((a, b) => (a.connection.name < b.connection.name ? -1 : 1));
  }

  /** Throws CONNECTION_UNKNOWN. */
  get(name: string): RegisteredConnection {
    const found = this.#fold.state.connections.get(name);
    if (!found) throw new AppError('CONNECTION_UNKNOWN', `there is no connection ${name}`);
    return found;
  }

  /** Throws SET_OWNED_ELSEWHERE, CONFLICT. */
  create({ password, ...facts }: ConnectionBody, writer: Writer): Promise<Written> {
    return this.#write(['create', facts.name], writer, async (author) => {
      if (this.#fold.state.connections.has(facts.name))
        throw new AppError('CONFLICT', `there is a connection ${facts.name} already; remove it first`);
      const passwordRef = await this.#store(facts.name, password);
      return this.#fold.follower.append(registered(toWireConnection(facts, passwordRef), 'api', author));
    });
  }

  /** Throws SET_OWNED_ELSEWHERE, CONNECTION_UNKNOWN, INPUT_INVALID. */
  replace(name: string, { password, ...rest }: ConnectionChange, writer: Writer): Promise<Written> {
    return this.#write(['replace', name], writer, async (author) => {
      const { connection: known } = this.#ofApi(name);
      const wanted = toWireConnection({ name, ...rest }, known.passwordRef);
      if (password === undefined) demandSamePlace(known, wanted);
      const passwordRef = password === undefined ? known.passwordRef : await this.#store(name, password);
      const connection = { ...wanted, passwordRef };
      if (sameConnection(known, connection)) return undefined;
      const appended = await this.#fold.follower.append(registered(connection, 'api', author));
      if (passwordRef !== known.passwordRef) await this.#drop(known.passwordRef);
      return appended;
    });
  }

  /** Throws SET_OWNED_ELSEWHERE, CONNECTION_UNKNOWN. */
  remove(name: string, writer: Writer): Promise<Written> {
    return this.#write(['remove', name], writer, async (author) => {
      const { connection } = this.#ofApi(name);
      const appended = await this.#fold.follower.append(removed(name, author));
      await this.#drop(connection.passwordRef);
      return appended;
    });
  }

  #write(
    what: readonly string[],
    { by, key }: Writer,
    write: (author: Author) => Promise<Appended | undefined>,
  ): Promise<Written> {
    return this.#turns.take(async () => {
      const eventId = eventIdFor(key, ['connections', ...what, by.id], this.#clock.now());
      if (this.#fold.state.has(eventId)) return { eventId, appended: undefined };
      this.#ownership.demandConnectionsOfApi();
      const author = { source: this.#source, clock: this.#clock, by, id: eventId };
      return { eventId, appended: await write(author) };
    });
  }

  #ofApi(name: string): RegisteredConnection {
    const found = this.get(name);
    if (found.owner === 'api') return found;
    throw new AppError('SET_OWNED_ELSEWHERE', `${name} is not a connection of the API`, {
      hint: found.owner === 'house' ? 'set `demo: false` to be without it' : 'change weir.yaml',
    });
  }

  /** Before its event; one whose event never came is swept at the next start. */
  async #store(name: string, password: string): Promise<string> {
    return password === '' ? '' : storeConnectionSecret(name, password, this.#ownership.config.sharedDir);
  }

  #drop(passwordRef: string): Promise<void> {
    return dropConnectionSecret(passwordRef, this.#ownership.config.sharedDir);
  }
}

/** A stored password goes nowhere but where it was given for: whoever moves the connection gives it again. */
function demandSamePlace(known: Connection, wanted: Connection): void {
  const moved = (['host', 'port', 'user', 'tls', 'tlsCa'] as const).filter(
    (key) => known[key] !== wanted[key],
  );
  if (known.passwordRef === '' || moved.length === 0) return;
  throw new AppError('INPUT_INVALID', `give the password again: ${moved.join(', ')} would change`);
}
