import { Inject, Injectable } from '@nestjs/common';
import { eventIdFor, type Appended, type RegisteredConnection } from '#domain';
import type { Connection, Envelope } from '#events';
import { AppError, type Clock, type Principal } from '#kernel';
import { CLOCK, dropConnectionSecret, INSTANCE, storeConnectionSecret } from '#platform';
import type { ConnectionBody, ConnectionChange } from './connection.item.js';
import { sameConnection, toWireConnection } from './connection.wire.js';
import { registered, removed, type Author } from './policy.events.js';
import { PolicyFold, type Written } from './policy.fold.js';
import { PolicyOwnership } from './policy.ownership.js';
import { Turns } from './turns.js';

/** Who writes, the Idempotency-Key they sent, and the change that they name, or ''. */
export interface Writer {
  readonly by: Principal;
  readonly key: string | undefined;
  readonly changeReference: string;
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
  create({ password, ...facts }: Omit<ConnectionBody, 'changeReference'>, writer: Writer): Promise<Written> {
    return this.#write(['create', facts.name], writer, async (author) => {
      if (this.#fold.state.connections.has(facts.name)) throw new AppError('CONFLICT', taken(facts.name));
      const passwordRef = await this.#store(facts.name, password);
      const event = registered(toWireConnection(facts, passwordRef), 'api', { ...author, replaces: '' });
      return this.#append(event, { made: passwordRef });
    });
  }

  /** Throws SET_OWNED_ELSEWHERE, CONNECTION_UNKNOWN, CONFLICT, INPUT_INVALID. */
  replace(
    name: string,
    { password, ...rest }: Omit<ConnectionChange, 'changeReference'>,
    writer: Writer,
  ): Promise<Written> {
    return this.#write(['replace', name], writer, async (author) => {
      const { connection: known, eventId: replaces } = this.#ofApi(name);
      const wanted = toWireConnection({ name, ...rest }, known.passwordRef);
      if (password === undefined) demandSamePlace(known, wanted);
      const passwordRef = password === undefined ? known.passwordRef : await this.#store(name, password);
      const connection = { ...wanted, passwordRef };
      if (sameConnection(known, connection)) return undefined;
      const event = registered(connection, 'api', { ...author, replaces });
      if (passwordRef === known.passwordRef) return this.#append(event, {});
      return this.#append(event, { made: passwordRef, over: known.passwordRef });
    });
  }

  /** Throws SET_OWNED_ELSEWHERE, CONNECTION_UNKNOWN, CONFLICT. */
  remove(name: string, writer: Writer): Promise<Written> {
    return this.#write(['remove', name], writer, async (author) => {
      const { connection, eventId: replaces } = this.#ofApi(name);
      return this.#append(removed(name, 'api', { ...author, replaces }), { over: connection.passwordRef });
    });
  }

  #write(
    what: readonly string[],
    { by, key, changeReference }: Writer,
    write: (author: Author) => Promise<Appended | undefined>,
  ): Promise<Written> {
    return this.#turns.take(async () => {
      const eventId = eventIdFor(key, ['connections', ...what, by.id], this.#clock.now());
      const lost = changed(what[1]!);
      if (this.#fold.state.has(eventId))
        return this.#fold.demandCounted({ eventId, appended: undefined }, lost);
      this.#ownership.demandConnectionsOfApi();
      const author = { source: this.#source, clock: this.#clock, by, id: eventId, changeReference };
      return this.#fold.demandCounted({ eventId, appended: await write(author) }, lost);
    });
  }

  /** Of the passwords that it makes, and that it is done with, it drops the one that nothing names any more. */
  async #append(event: Envelope, { made, over }: Passwords): Promise<Appended> {
    const appended = await this.#fold.follower.append(event);
    // Not folded yet, nobody knows: the next start sweeps.
    const unused = this.#fold.state.ignored(event.id) ? made : over;
    if (appended.folded && unused !== undefined) await this.#drop(unused);
    return appended;
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

interface Passwords {
  readonly made?: string;
  readonly over?: string;
}

const taken = (name: string) => `there is a connection ${name} already; remove it first`;
const changed = (name: string) => `somebody else changed the connection ${name} just now; read it again`;

/** A stored password goes nowhere but where it was given for: whoever moves the connection gives it again. */
function demandSamePlace(known: Connection, wanted: Connection): void {
  const moved = (['host', 'port', 'user', 'tls', 'tlsCa'] as const).filter(
    (key) => known[key] !== wanted[key],
  );
  if (known.passwordRef === '' || moved.length === 0) return;
  throw new AppError('INPUT_INVALID', `give the password again: ${moved.join(', ')} would change`);
}
