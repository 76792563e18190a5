import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { AppError } from '#kernel';
import type { CommitWaiter, GateSession, Judgement } from '../gate/gate.js';
import type { CatalogSource } from './catalog.js';
import { backend, commandComplete, frontend, int16, message, readyForQuery } from './codec.js';
import { PostgresSession } from './session.js';
import type { Target } from './target.js';
import { Estimates } from './estimates.js';

class Socket extends Duplex {
  private readonly written: Buffer[] = [];

  override _read(): void {}

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.written.push(Buffer.from(chunk));
    done();
  }

  clear(): void {
    this.written.length = 0;
  }

  get text(): string {
    return Buffer.concat(this.written).toString('latin1');
  }
}

const catalog = { namespace: () => catalog };
const [path, empty] = [Buffer.from('["public"]'), Buffer.alloc(0)];
const searchPath = Buffer.concat([
  ...[backend.parseComplete, backend.bindComplete].map((code) => message(code, empty)),
  message(backend.dataRow, int16(1), path.length, path),
  commandComplete('SELECT 1'),
  ...[1, 2].map(() => message(backend.closeComplete, empty)),
  readyForQuery('I'),
]);

/** A session whose journal is in the test's hand: nothing is safe before `waiters` are told so. */
function stage() {
  const [client, stream] = [new Socket(), new Socket()];
  const waiters: CommitWaiter[] = [];
  const log: string[] = [];
  const judgement = {
    verdict: { decision: 'allow', obligations: {} },
    effects: [],
    unknownRelations: [],
    lookups: [],
    returnsRows: false,
    settled: true,
    bounded: false,
    analysis: { text: 'x', statements: [] },
  } as unknown as Judgement;
  const gate = {
    judge: () => judgement,
    mustRead: () => false,
    stale: () => undefined,
    received: () => (log.push('received'), { statementId: 's' }),
    outcome: () => void log.push('outcome'),
    whenSafe: (waiter: CommitWaiter) => void waiters.push(waiter),
    onEnd: () => undefined,
    refused: () => undefined,
    forwarded: () => undefined,
    ended: () => void log.push('ended'),
  } as unknown as GateSession;
  const session = new PostgresSession({
    client,
    gate,
    target: { stream, cancel: () => Promise.resolve() } as unknown as Target,
    catalog: { current: () => catalog, doubt: () => undefined } as unknown as CatalogSource,
    limits: { recordBytes: 1, settings: '' },
    estimates: new Estimates(),
    log: () => undefined,
  });
  void session.run();
  // What the session asks for itself before the client has said anything.
  for (const waiter of waiters.splice(0)) waiter.done();
  stream.push(searchPath);
  stream.clear();
  return { client, stream, waiters, log };
}

const query = (text: string) => message(frontend.query, text);

describe('a session and its record', () => {
  it('forwards nothing before its record is safe, not even with a good-bye behind it', async () => {
    const { client, stream, waiters } = stage();
    client.push(Buffer.concat([query('DELETE FROM t'), message(frontend.terminate)]));
    await sleep(10);
    expect(stream.text).toBe('');
    waiters[0]!.done();
    expect(stream.text).toContain('DELETE FROM t');
  });

  it('forwards nothing at all when the record fails, and tells the client', async () => {
    const { client, stream, waiters } = stage();
    client.push(query('DELETE FROM t'));
    await sleep(10);
    waiters[0]!.done(new AppError('JOURNAL_FULL', 'the journal is full'));
    await sleep(10);
    expect(stream.text).toBe('');
    expect(client.text).toContain('the journal is full');
  });

  it('in strict mode reads on after the last of several commits', async () => {
    const { client, stream, waiters } = stage();
    client.push(query('A'));
    await sleep(10);
    waiters[0]!.waiting();
    client.push(query('B'));
    await sleep(10);
    expect(stream.text).toBe('');
    waiters[0]!.done();
    await sleep(10);
    for (const waiter of waiters.slice(1)) waiter.done();
    await sleep(10);
    expect(stream.text).toContain('B');
  });

  it('does nothing for messages behind a good-bye', async () => {
    const { client, log } = stage();
    client.push(Buffer.concat([message(frontend.terminate), query('DELETE FROM t')]));
    await sleep(10);
    expect(log).not.toContain('received');
  });
});
