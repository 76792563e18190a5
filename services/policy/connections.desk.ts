import { Inject, Injectable } from '@nestjs/common';
import { eventIdFor, keyReused, type Appended, type RegisteredConnection } from '#domain';
import type { Connection, Envelope } from '#events';
import { AppError, type Clock, type Principal } from '#kernel';
import {
  CLOCK,
  dropConnectionSecret,
  INSTANCE,
  resolveConnectionSecret,
  storeConnectionSecret,
} from '#platform';
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
  create(body: Omit<ConnectionBody, 'changeReference'>, writer: Writer): Promise<Written> {
    const { password, ...facts } = body;
    return this.#write({ verb: 'create', name: facts.name, body }, writer, async (author) => {
      if (this.#fold.state.connections.has(facts.name)) throw new AppError('CONFLICT', taken(facts.name));
      const passwordRef = await this.#store(facts.name, password);
      const event = registered(toWireConnection(facts, passwordRef), 'api', { ...author, replaces: '' });
      return this.#append(event, { made: passwordRef });
    });
  }

  /** Throws SET_OWNED_ELSEWHERE, CONNECTION_UNKNOWN, CONFLICT, INPUT_INVALID. */
  replace(name: string, body: Omit<ConnectionChange, 'changeReference'>, writer: Writer): Promise<Written> {
    const { password, ...rest } = body;
    return this.#write({ verb: 'replace', name, body }, writer, async (author) => {
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
    return this.#write({ verb: 'remove', name, body: {} }, writer, async (author) => {
      const { connection, eventId: replaces } = this.#ofApi(name);
      return this.#append(removed(name, 'api', { ...author, replaces }), { over: connection.passwordRef });
    });
  }

  #write(
    { verb, name, body }: Wish,
    { by, key, changeReference }: Writer,
    write: (author: Author) => Promise<Appended | undefined>,
  ): Promise<Written> {
    return this.#turns.take(async () => {
      const { password, ...facts } = body;
      // No digest of a password goes into the log: of it, only whether there is one.
      const sent = { key, body: { ...facts, changeReference, password: password !== undefined } };
      const eventId = eventIdFor(sent, ['connections', verb, name, by.id], this.#clock.now());
      const lost = changed(name);
      if (this.#fold.state.has(eventId)) {
        await this.#demandSamePassword(name, eventId, password);
        return this.#fold.demandCounted({ eventId, appended: undefined }, lost);
      }
      this.#ownership.demandConnectionsOfApi();
      const author = { source: this.#source, clock: this.#clock, by, id: eventId, changeReference };
      return this.#fold.demandCounted({ eventId, appended: await write(author) }, lost);
    });
  }

  /** Throws KEY_REUSED where it is not what this event brought. One that was changed since is nobody's to compare. */
  async #demandSamePassword(name: string, eventId: string, password: string | undefined): Promise<void> {
    const standing = this.#fold.state.connections.get(name);
    if (password === undefined || standing?.eventId !== eventId) return;
    const { sharedDir } = this.#ownership.config;
    if ((await resolveConnectionSecret(standing.connection, sharedDir)) !== password) throw keyReused();
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

/** What is asked for. */
interface Wish {
  readonly verb: 'create' | 'replace' | 'remove';
  readonly name: string;
  readonly body: { readonly password?: string | undefined };
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
