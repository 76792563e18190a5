import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { frontend, int16, message } from '../../../services/proxy/postgres/codec.js';
import { execution, query, RawClient, sync } from '../../support/raw-client.js';
import { errorsIn } from '../../support/wire-reading.js';

/** What became of one connection of a client. */
export interface Connection {
  /** Its application_name. */
  readonly name: string;
  /** It was signed in; then it ended in good order, or broke. */
  signedIn: boolean;
  end: 'closed' | 'broken';
}

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: string;
}

/** How it speaks: what it sends, and then waits for. */
interface Speaker {
  simple(text: string): Promise<void>;
  bound(text: string, values: readonly string[], name?: string): Promise<void>;
  /** Each a statement of its own, all sent at once. */
  pipeline(texts: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Writes down what it does as it does it: each statement carries a marker that no other one has, in its text or in a
 * parameter, counted up. It connects again, anywhere, whenever its connection breaks.
 */
export class MarkedClient {
  /** Markers of statements that were answered without an error, and of rows that must be in the ledger. */
  readonly answered = new Set<string>();
  readonly stored = new Set<string>();
  readonly connections: Connection[] = [];
  /** Errors that a target or a gate has answered with: there must be none but those of going away. */
  readonly errors: string[] = [];
  #n = 0;
  #going = true;
  readonly #running: Promise<void>;

  constructor(
    private readonly id: number,
    private readonly address: () => Promise<Address>,
    private readonly random: () => number,
    private readonly pauseMs: number,
  ) {
    this.#running = this.#run();
  }

  stop(): Promise<void> {
    this.#going = false;
    return this.#running;
  }

  async #run(): Promise<void> {
    while (this.#going) {
      await this.#connection();
      if (this.#going) await sleep(100);
    }
  }

  async #connection(): Promise<void> {
    const name = `marked-${this.id}-${this.connections.length + 1}`;
    const connection: Connection = { name, signedIn: false, end: 'broken' };
    this.connections.push(connection);
    let speaker: Speaker | undefined;
    try {
      const address = await this.address();
      speaker = await (this.random() < 0.5 ? library(address, name) : wire(address, name));
      connection.signedIn = true;
      // Some sessions end by themselves, most when they are killed.
      const most = 20 + this.random() * 2_000;
      for (let i = 0; this.#going && i < most; i++) {
        await this.#step(speaker);
        await sleep(this.random() * 2 * this.pauseMs);
      }
      await speaker.close();
      connection.end = 'closed';
    } catch (error) {
      this.errors.push(`${name}: ${String(error)}`);
      await speaker?.close().catch(() => undefined);
    }
  }

  #step(speaker: Speaker): Promise<void> {
    const ways = [this.#simple, this.#bound, this.#prepared, this.#transaction, this.#pipeline, this.#read];
    return ways[Math.floor(this.random() * ways.length)]!.call(this, speaker);
  }

  #next(): string {
    return `m${this.id}x${++this.#n}`;
  }

  async #simple(speaker: Speaker): Promise<void> {
    const marker = this.#next();
    await speaker.simple(insert(marker));
    this.#noted([marker], [marker]);
  }

  async #bound(speaker: Speaker): Promise<void> {
    const marker = this.#next();
    await speaker.bound('insert into ledger (marker, how) values ($1, $2)', [marker, 'bound']);
    this.#noted([marker], [marker]);
  }

  async #prepared(speaker: Speaker): Promise<void> {
    const marker = this.#next();
    await speaker.bound('insert into ledger (marker, how) values ($1, $2)', [marker, 'prepared'], 'kept');
    this.#noted([marker], [marker]);
  }

  async #read(speaker: Speaker): Promise<void> {
    const marker = this.#next();
    await speaker.simple(`select marker, how from ledger where marker = '${marker}'`);
    this.#noted([marker], []);
  }

  async #transaction(speaker: Speaker): Promise<void> {
    const [begin, first, second, end] = [this.#next(), this.#next(), this.#next(), this.#next()];
    await speaker.simple(`begin /* ${begin} */`);
    this.#noted([begin], []);
    await speaker.simple(insert(first));
    await speaker.bound('insert into ledger (marker, how) values ($1, $2)', [second, 'transaction'], 'kept');
    this.#noted([first, second], []);
    await speaker.simple(`commit /* ${end} */`);
    this.#noted([end], [first, second]);
  }

  async #pipeline(speaker: Speaker): Promise<void> {
    const markers = Array.from({ length: 4 }, () => this.#next());
    await speaker.pipeline(markers.map(insert));
    this.#noted(markers, markers);
  }

  #noted(answered: readonly string[], stored: readonly string[]): void {
    for (const marker of answered) this.answered.add(marker);
    for (const marker of stored) this.stored.add(marker);
  }
}

const insert = (marker: string) => `insert into ledger (marker, how) values ('${marker}', 'text')`;

/** node-postgres. */
async function library(address: Address, name: string): Promise<Speaker> {
  const client = new pg.Client({ ...address, application_name: name, connectionTimeoutMillis: 20_000 });
  client.on('error', () => undefined);
  await client.connect();
  return {
    simple: async (text) => void (await client.query(text)),
    bound: async (text, values, kept) =>
      void (await client.query({ text, values: [...values], ...(kept && { name: kept }) })),
    // It has none: one after the other.
    pipeline: async (texts) => {
      for (const text of texts) await client.query(text);
    },
    close: () => client.end(),
  };
}

/** Bytes by hand: several statements in one segment. */
async function wire(address: Address, name: string): Promise<Speaker> {
  const client = await RawClient.signIn({ ...address, application: name });
  const failed = errorsIn(client.frames)[0];
  if (failed) throw new Error(`${failed.sqlstate} ${failed.message}`);
  const prepared = new Set<string>();
  const ask = async (...bytes: Buffer[]) => {
    const [error] = errorsIn(await client.ask(...bytes));
    if (error) throw new Error(`${error.sqlstate} ${error.message}`);
  };
  return {
    simple: (text) => ask(query(text)),
    bound: async (text, values, kept = '') => {
      const parse = prepared.has(kept) ? [] : [message(frontend.parse, kept, text, int16(0))];
      if (kept !== '') prepared.add(kept);
      await ask(...parse, bind(kept, values), message(frontend.execute, '', 0), sync);
    },
    pipeline: (texts) => ask(...texts.map((text) => execution(text)), sync),
    close: () => client.end(),
  };
}

/* Bind (F): portal:cstring statement:cstring formats:int16 count:int16 [ size:int32 bytes ]* resultFormats:int16 */
function bind(statement: string, values: readonly string[]): Buffer {
  const bytes = values.map((value) => Buffer.from(value));
  const sized = bytes.flatMap((value) => [value.length, value]);
  return message(frontend.bind, '', statement, int16(0), int16(values.length), ...sized, int16(0));
}
