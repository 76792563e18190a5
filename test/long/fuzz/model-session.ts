import { Duplex } from 'node:stream';
import { AppError } from '#kernel';
import { compileMasking, shippedMasking } from '#masking';
import { MessageScanner } from '#wire';
import type {
  CommitWaiter,
  ExecutionDetails,
  GateSession,
  Judgement,
} from '../../../services/proxy/gate/gate.js';
import type { CatalogSource } from '../../../services/proxy/postgres/catalog.js';
import {
  backend, commandComplete, errorResponse, frontend, message, readBind, readExecute, readNamed, readParse,
  readQuery, readyForQuery,
} from '../../../services/proxy/postgres/codec.js'; // prettier-ignore
import { searchPathQuery } from '../../../services/proxy/postgres/questions.js';
import { PostgresSession } from '../../../services/proxy/postgres/session.js';
import type { Target } from '../../../services/proxy/postgres/target.js';
import { Estimates } from '../../../services/proxy/postgres/estimates.js';

/** A socket without a network. */
class End extends Duplex {
  constructor(private readonly onBytes: (chunk: Buffer) => void) {
    super();
  }

  override _read(): void {}

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.onBytes(chunk);
    done();
  }
}

/**
 * What the gate recorded, and what of it is safe: a text may reach the target once it was decided, not denied, and
 * its record is safe, and not before; and it may run as often as runs of it were recorded as allowed.
 */
class Record {
  private readonly fresh: (() => void)[] = [];
  private readonly runs = new Map<string, number>();
  private readonly texts = new Set<string>();

  readonly received = (judgement: Judgement, details: ExecutionDetails) => {
    const { text } = judgement.analysis;
    const runs = (details.decision ?? judgement.verdict.decision) === 'allow';
    this.fresh.push(() => {
      if (runs) this.runs.set(text, (this.runs.get(text) ?? 0) + 1);
      if (judgement.verdict.decision !== 'deny') this.texts.add(text);
    });
    return { statementId: 's', startedAt: 0, judgement };
  };

  /** At Parse a text is denied or taken; what is to be held is held when it is to run. */
  readonly prepared = (judgement: Judgement) => {
    if (judgement.verdict.decision !== 'deny') this.fresh.push(() => this.texts.add(judgement.analysis.text));
  };

  safe(): void {
    for (const settle of this.fresh.splice(0)) settle();
  }

  hasText(text: string): boolean {
    return this.texts.has(text);
  }

  takeRun(text: string): boolean {
    const left = this.runs.get(text) ?? 0;
    this.runs.set(text, left - 1);
    return left > 0;
  }
}

/** PostgreSQL as far as names and errors go; it answers at once, and checks each message against the record. */
class ModelTarget {
  readonly stream: End = new End((chunk) => this.take(chunk));
  /** Messages of the client's that arrived. */
  arrived = 0;
  readonly faults: string[] = [];
  private readonly scanner = new MessageScanner({ maxLength: 2 ** 31 - 1 });
  private statements = new Map<string, string>();
  private portals = new Map<string, string>();
  private failed = false;

  constructor(private readonly record: Record) {}

  private take(chunk: Buffer): void {
    this.scanner.push(chunk, (type, buffer, start, end) => {
      this.arrived++;
      const answer = this.answer(type, buffer, start, end);
      if (answer.length > 0) this.stream.push(answer);
    });
  }

  private answer(type: number, ...at: [Buffer, number, number]): Buffer {
    if (type === frontend.sync) {
      this.failed = false;
      this.portals = new Map();
      return readyForQuery('I');
    }
    if (this.failed || type === frontend.flush || type === frontend.terminate) return nothing;
    switch (type) {
      case frontend.query: {
        const text = readQuery(...at);
        if (!this.record.takeRun(text)) this.faults.push(`query ${text}`);
        return Buffer.concat([commandComplete('SELECT 0'), readyForQuery('I')]);
      }
      case frontend.parse: {
        const { name, text } = readParse(...at);
        if (text !== searchPathQuery && !this.record.hasText(text)) this.faults.push(`parse ${text}`);
        if (name !== '' && this.statements.has(name)) return this.fail('42P05');
        this.statements.set(name, text);
        return message(backend.parseComplete);
      }
      case frontend.bind: {
        const { portal, statement } = readBind(...at);
        const text = this.statements.get(statement);
        if (text === undefined) return this.fail('26000');
        if (portal !== '' && this.portals.has(portal)) return this.fail('42P03');
        this.portals.set(portal, text);
        return message(backend.bindComplete);
      }
      case frontend.execute: {
        const text = this.portals.get(readExecute(...at).portal);
        if (text === undefined) return this.fail('34000');
        if (text === searchPathQuery) return searchPath;
        if (!this.record.takeRun(text)) this.faults.push(`execute ${text}`);
        return commandComplete('SELECT 0');
      }
      case frontend.describe:
        return this.describe(...at);
      case frontend.close: {
        const { what, name } = readNamed(...at);
        (what === 'statement' ? this.statements : this.portals).delete(name);
        return message(backend.closeComplete);
      }
      default:
        this.faults.push(`a message of type ${type}`);
        return nothing;
    }
  }

  private describe(...at: [Buffer, number, number]): Buffer {
    const { what, name } = readNamed(...at);
    if (!(what === 'statement' ? this.statements : this.portals).has(name)) return this.fail('26000');
    const none = message(backend.noData);
    return what === 'portal'
      ? none
      : Buffer.concat([message(backend.parameterDescription, Buffer.alloc(2)), none]);
  }

  private fail(sqlstate: string): Buffer {
    this.failed = true;
    return errorResponse({ severity: 'ERROR', sqlstate, message: 'no' });
  }
}

const nothing = Buffer.alloc(0);
const masking = compileMasking(shippedMasking);
/* DataRow (B): count:int16 [ size:int32 bytes ] */
const searchPath = Buffer.concat([
  message(backend.dataRow, Buffer.from([0, 1, 0, 0, 0, 10]), Buffer.from('["public"]')),
  commandComplete('SELECT 1'),
]);
const catalog = {
  key: {},
  namespace: () => catalog,
  isCatalogName: () => false,
};
const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

function judge(text: string): Judgement {
  const [word] = text.split(' ');
  const decision = word === 'allow' || word === 'hold' ? word : 'deny';
  const verdict = { decision, reason: 'the model says so', obligations: { waitInTransaction: false } };
  const analysis = { text, fingerprint: '', statements: [] };
  return { verdict, analysis, effects: [], unknownRelations: [], lookups: [], returnsRows: false, writes: false } as unknown as Judgement; // prettier-ignore
}

export interface Played {
  /** Messages that reached the target. */
  readonly arrived: number;
  /** What reached it without a safe record of an `allow`. */
  readonly faults: readonly string[];
  /** INTERNAL errors: what the session did not foresee. */
  readonly surprises: readonly AppError[];
  /** The client's stream was answered up to its end, or its session was ended. */
  readonly settled: boolean;
}

/** A client's stream through a real session to a model target; records become safe a turn later. */
export async function play(reads: Iterable<Buffer>): Promise<Played> {
  const record = new Record();
  const target = new ModelTarget(record);
  let answered = nothing;
  const client = new End((chunk) => (answered = Buffer.concat([answered, chunk]).subarray(-6)));
  const surprises: AppError[] = [];
  const gate = {
    id: 'ses',
    target: { name: 'orders' },
    judge: ({ text }: { text: string }) => judge(text),
    mustRead: () => false,
    stillHolds: () => true,
    forExecution: ({ judgement }: { judgement: Judgement }) => judgement,
    windows: () => undefined,
    inboundRules: false,
    masking: () => masking,
    reveals: () => false,
    received: record.received,
    prepared: record.prepared,
    outcome: () => undefined,
    chunk: () => undefined,
    hint: () => 'hint',
    whenSafe: (waiter: CommitWaiter) => {
      setImmediate(() => {
        record.safe();
        waiter.done();
      });
    },
    hold: async () => Promise.reject(new AppError('STATEMENT_DENIED', 'nobody is there to ask')),
    onEnd: () => undefined,
    refused: () => undefined,
    forwarded: () => undefined,
    stale: () => undefined,
    ended: () => undefined,
  } as unknown as GateSession;
  const session = new PostgresSession({
    client,
    gate,
    target: { stream: target.stream, cancel: async () => undefined } as unknown as Target,
    catalog: {
      current: () => catalog,
      refresh: async () => catalog,
      doubt: () => undefined,
    } as unknown as CatalogSource,
    limits: { recordBytes: 1, settings: '' },
    estimates: new Estimates(),
    log: (error) => void (error.code === 'INTERNAL' && surprises.push(error)),
  });
  let over = false;
  const end = session.run().then(() => (over = true));
  for (const read of reads) {
    client.push(read);
    if (read.length % 3 === 0) await tick();
  }
  // A last word: it is answered unless what came before ended the session, or waits for the rest of a false length.
  for (let turn = 0; turn < 12; turn++) await tick();
  client.push(Buffer.concat([message(frontend.sync), message(frontend.query, 'allow last')]));
  for (let turn = 0; turn < 200 && !over && !answered.equals(ready); turn++) await tick();
  const settled = over || answered.equals(ready);
  client.destroy();
  await end;
  return { arrived: target.arrived, faults: target.faults, surprises, settled };
}

const ready = Buffer.concat([readyForQuery('I')]);
