import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  decodeEnvelope,
  mostEventBytes,
  payload,
  SessionEndedSchema,
  SessionStartedSchema,
  StatementOutcomeSchema,
  StatementReceivedSchema,
  topics,
  verifyChain,
  type Envelope,
} from '#events';
import { openEmbeddedLog, type EventLog } from '#event-log';
import { AppError, ManualClock } from '#kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  openJournal,
  readJournals,
  startShipper,
  type FileJournal,
  type JournalOptions,
  type SessionChain,
} from '../../services/proxy/journal/index.js';
import { asRead, journalEvents, sessionEvents } from '../support/log-writer.read.js';

const full = expect.objectContaining({ code: 'JOURNAL_FULL' });
const types = (events: readonly Envelope[]) => events.map(({ type }) => type.split('.').at(-1));

let dir: string;
let logPath: string;
let reports: string[];
let opened: { close(): Promise<void> }[];
const clock = new ManualClock();

beforeEach(() => {
  const root = mkdtempSync(join(tmpdir(), 'weir-journal-'));
  dir = join(root, 'journal');
  logPath = join(root, 'log');
  reports = [];
  opened = [];
});
afterEach(async () => {
  for (const thing of opened.reverse()) await thing.close();
  rmSync(join(dir, '..'), { recursive: true, force: true });
});

async function journalWith(options: Partial<JournalOptions> = {}): Promise<FileJournal> {
  const report = (message: string) => void reports.push(message);
  const journal = await openJournal({
    ...{ dir, mode: 'write-ahead', maxBytes: 64 * 1024 * 1024, clock, source: 'proxy/test', report },
    ...options,
  });
  opened.push(journal);
  return journal;
}

function openLog(): EventLog {
  const log = openEmbeddedLog({ path: logPath });
  opened.push(log);
  return log;
}

function ship(journal: FileJournal, log: EventLog) {
  const shipper = startShipper(journal, log, {
    lingerMs: 1,
    report: (message) => void reports.push(message),
  });
  opened.push({ close: () => shipper.stop() });
  return shipper;
}

const receive = (session: SessionChain, statementId: string, text = 'select 1') =>
  session.add(StatementReceivedSchema, { statementId, text });
const answer = (session: SessionChain, statementId: string) =>
  session.add(StatementOutcomeSchema, { statementId, status: 'ok' });

function statements(
  journal: FileJournal,
  session: SessionChain,
  from: number,
  to: number,
  text?: string,
): void {
  for (let n = from; n <= to; n++) {
    receive(session, `sta_${n}`, text);
    void journal.commit();
    answer(session, `sta_${n}`);
    void journal.commit();
  }
}

/** The files as a process that was killed leaves them: as they are, the owner's lock with a dead pid. */
async function abandon(journal: FileJournal): Promise<void> {
  opened = opened.filter((thing) => thing !== journal);
  const files = new Map(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name))]));
  await journal.close();
  for (const [name, bytes] of files) if (name !== 'owner') writeFileSync(join(dir, name), bytes);
}

const newest = () =>
  join(
    dir,
    readdirSync(dir)
      .filter((name) => name.endsWith('.journal'))
      .sort()
      .at(-1)!,
  );

describe('the journal', () => {
  it('holds after a commit, and only then, what sessions added, as chains', async () => {
    const journal = await journalWith();
    const [one, two] = [journal.openSession('ses_1'), journal.openSession('ses_2')];
    receive(one, 'a');
    receive(two, 'b');
    answer(one, 'a');
    expect(journalEvents(dir)).toEqual([]);
    expect(journal.commit()).toBeUndefined();
    const sessions = asRead(journalEvents(dir));
    expect(types(sessions.get('ses_1')!)).toEqual(['StatementReceived', 'StatementOutcome']);
    expect(verifyChain(sessions.get('ses_1')!)).toMatchObject({ ok: true, head: { seq: 2 } });
    expect(verifyChain(sessions.get('ses_2')!)).toMatchObject({ ok: true, head: { seq: 1 } });
    expect([one.seq, two.seq]).toEqual([2, 1]);
  });

  it('makes one write of what all sessions have added', async () => {
    let writes = 0;
    const write: JournalOptions['write'] = (...args) => {
      writes++;
      return writeSync(...args);
    };
    const journal = await journalWith({ write });
    writes = 0;
    for (const id of ['ses_1', 'ses_2', 'ses_3']) receive(journal.openSession(id), id);
    void journal.commit();
    void journal.commit();
    expect(writes).toBe(1);
  });

  it('resolves a strict commit once it is on the disk, many with few syncs', async () => {
    const journal = await journalWith({ mode: 'strict' });
    const session = journal.openSession('ses_1');
    const commits = Array.from({ length: 50 }, (_, n) => {
      receive(session, `sta_${n}`);
      return journal.commit();
    });
    expect(commits.every((commit) => commit instanceof Promise)).toBe(true);
    await Promise.all(commits);
    expect(journalEvents(dir)).toHaveLength(50);
    expect(journal.commit()).toBeUndefined();
  });

  it('takes nothing more for a session that has ended, nor one session twice', async () => {
    const journal = await journalWith();
    const session = journal.openSession('ses_1');
    expect(() => journal.openSession('ses_1')).toThrow(expect.objectContaining({ code: 'CONFLICT' }));
    session.add(SessionEndedSchema, { sessionId: 'ses_1' });
    expect(() => receive(session, 'late')).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  it('has one owner: a second is refused until the first has closed', async () => {
    const first = await journalWith();
    await expect(journalWith()).rejects.toMatchObject({ code: 'CONFLICT' });
    receive(first.openSession('ses_1'), 'still works');
    void first.commit();
    await first.close();
    await journalWith();
  });

  it('takes over from an owner that is dead, or whose pid is another process now', async () => {
    for (const owner of [
      { pid: 2 ** 22 + 1, born: '' },
      { pid: process.pid, born: 'another time' },
      undefined,
    ]) {
      const { hostname } = await import('node:os');
      const journal = await journalWith();
      await abandon(journal);
      writeFileSync(
        join(dir, 'owner'),
        owner ? JSON.stringify({ token: 'old', host: hostname(), ...owner }) : '{',
      );
      await (await journalWith()).close();
    }
  });
});

describe('the journal at its limits (invariant 10)', () => {
  it('refuses new statements at the cap, with room left for the outcomes of those under way', async () => {
    const journal = await journalWith({ maxBytes: 1024 * 1024 });
    const session = journal.openSession('ses_1');
    let open = 0;
    const fill = () => {
      for (;;) {
        journal.admit();
        receive(session, `sta_${++open}`, 'x'.repeat(2000));
        void journal.commit();
      }
    };
    expect(fill).toThrow(full);
    expect(open).toBeGreaterThan(300);
    for (let n = 1; n <= 100; n++) {
      answer(session, `sta_${n}`);
      void journal.commit();
    }
    expect(journal.stats().bytes).toBeLessThanOrEqual(1024 * 1024);
  });

  it('never grows past the cap, and goes on once the log has taken what was there', async () => {
    const journal = await journalWith({ maxBytes: 1024 * 1024 });
    const session = journal.openSession('ses_1');
    const fill = () => {
      for (let n = 0; ; n++) {
        receive(session, `sta_${n}`, 'x'.repeat(2000));
        void journal.commit();
      }
    };
    expect(fill).toThrow(full);
    expect(() => journal.commit()).toThrow(full);
    expect(() => journal.admit()).toThrow(full);
    expect(journal.stats().bytes).toBeLessThanOrEqual(1024 * 1024);

    const log = openLog();
    await ship(journal, log).drained();
    journal.admit();
    answer(session, 'sta_0');
    void journal.commit();
    expect(journal.stats().bytes).toBeLessThan(512 * 1024);
    await ship(journal, log).drained();
    expect(verifyChain(asRead(await sessionEvents(log)).get('ses_1')!)).toMatchObject({ ok: true });
  });

  it('throws on a full disk, keeps what it could not write, and has the chain whole afterwards', async () => {
    let room = Infinity;
    const write: JournalOptions['write'] = (fd, bytes, offset, length, position) => {
      if (room <= 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      const some = Math.min(room, length);
      room -= some;
      return writeSync(fd, bytes, offset, some, position);
    };
    const journal = await journalWith({ write });
    const session = journal.openSession('ses_1');
    statements(journal, session, 1, 3);
    room = 100; // the next write is cut off in the middle of its record
    receive(session, 'sta_4');
    expect(() => journal.commit()).toThrow(full);
    expect(() => journal.admit()).toThrow(full);
    expect(() => journal.commit()).toThrow('ENOSPC');
    answer(session, 'sta_4');
    expect(() => journal.commit()).toThrow(full);

    room = Infinity;
    journal.admit();
    statements(journal, session, 5, 6);
    const events = journalEvents(dir);
    expect(events).toHaveLength(12);
    expect(verifyChain(events)).toMatchObject({ ok: true, head: { seq: 12 } });
  });

  it('ships no part of a write that failed in the middle', async () => {
    let fail = false;
    const write: JournalOptions['write'] = (fd, bytes, offset, length, position) => {
      if (!fail) return writeSync(fd, bytes, offset, length, position);
      writeSync(fd, bytes, offset, length - 1, position);
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    };
    const journal = await journalWith({ write });
    const log = openLog();
    const shipper = ship(journal, log);
    const session = journal.openSession('ses_1');
    statements(journal, session, 1, 2);
    fail = true;
    receive(session, 'never forwarded');
    expect(() => journal.commit()).toThrow(full);
    await shipper.drained();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await sessionEvents(log)).toHaveLength(4);
    fail = false;
  });

  it('rotates, and a failing rotation fails no commit', async () => {
    let failRotation = true;
    const write: JournalOptions['write'] = (fd, bytes, offset, length, position) => {
      if (failRotation && position === 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      return writeSync(fd, bytes, offset, length, position);
    };
    failRotation = false;
    const journal = await journalWith({ write, segmentBytes: 4096 });
    const session = journal.openSession('ses_1');
    failRotation = true;
    statements(journal, session, 1, 50);
    expect(journal.stats().segments).toBe(1);
    failRotation = false;
    statements(journal, session, 51, 200);
    expect(journal.stats().segments).toBeGreaterThan(5);
    expect(verifyChain(journalEvents(dir))).toMatchObject({ ok: true, head: { seq: 400 } });
  });
});

describe('the shipper', () => {
  it('moves every event once, in order, byte for byte, and deletes what it moved', async () => {
    const journal = await journalWith({ segmentBytes: 16 * 1024 });
    const log = openLog();
    const shipper = ship(journal, log);
    const sessions = ['ses_1', 'ses_2', 'ses_3'].map((id) => journal.openSession(id));
    for (let n = 1; n <= 300; n++) {
      for (const session of sessions) statements(journal, session, n, n);
      if (n % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await shipper.drained();
    const events = await sessionEvents(log);
    expect(events).toHaveLength(1800);
    for (const chain of asRead(events).values()) expect(verifyChain(chain)).toMatchObject({ ok: true });
    expect(journal.stats()).toMatchObject({ segments: 1, unshipped: 0, oldestUnshippedAt: undefined });
  });

  it('takes records larger than its buffer', async () => {
    const journal = await journalWith();
    const session = journal.openSession('ses_1');
    const text = 'x'.repeat(1_500_000);
    receive(session, 'sta_1', text);
    answer(session, 'sta_1');
    void journal.commit();
    const log = openLog();
    await ship(journal, log).drained();
    const [first, second] = await sessionEvents(log);
    expect(payload(StatementReceivedSchema, first!)?.text).toBe(text);
    expect(second).toBeDefined();
  });

  it('waits while the log is away, and loses nothing when it is back', async () => {
    const journal = await journalWith();
    const log = openLog();
    let away = true;
    const flaky: EventLog = {
      ...log,
      append: (topic, events) => (away ? Promise.reject(new Error('away')) : log.append(topic, events)),
    };
    const shipper = ship(journal, flaky);
    expect(shipper.stalled).toBe(0);
    const session = journal.openSession('ses_1');
    statements(journal, session, 1, 10);
    await expect.poll(() => reports.length).toBeGreaterThan(1);
    statements(journal, session, 11, 20);
    expect(journal.stats().unshipped).toBeGreaterThan(0);
    expect(journal.stats().oldestUnshippedAt).toBe(clock.now());
    expect(shipper.stalled).toBeGreaterThan(100);
    away = false;
    await shipper.drained();
    expect(shipper.stalled).toBe(0);
    expect(verifyChain(await sessionEvents(log))).toMatchObject({ ok: true, head: { seq: 40 } });
  });

  it('stops while the log is away, and its successor ships the backlog', async () => {
    const journal = await journalWith({ segmentBytes: 8 * 1024 });
    const log = openLog();
    const away: EventLog = { ...log, append: () => Promise.reject(new Error('away')) };
    const stopped = startShipper(journal, away, { lingerMs: 1, report: () => {} });
    await stopped.drained(); // the checkpoint alone needs no log
    const session = journal.openSession('ses_1');
    statements(journal, session, 1, 100);
    session.add(SessionEndedSchema, { sessionId: 'ses_1', reason: 'terminated' });
    void journal.commit();
    const hopeless = stopped.drained().catch((error: unknown) => error);
    await stopped.stop();
    expect(await hopeless).toMatchObject({ code: 'SHUTTING_DOWN' });
    await journal.close();

    const next = await journalWith({ segmentBytes: 8 * 1024 });
    expect(next.stats().unshipped).toBeGreaterThan(0);
    await ship(next, log).drained();
    const events = await sessionEvents(log);
    expect(verifyChain(events)).toMatchObject({ ok: true, head: { seq: 201 } });
  });

  it('stops at once while the log does not answer, and what it took without a word is shipped again', async () => {
    const journal = await journalWith();
    const log = openLog();
    let landed: Promise<unknown> = Promise.resolve();
    const silent: EventLog = {
      ...log,
      append: (topic, events) => {
        landed = log.append(topic, events);
        return new Promise(() => undefined);
      },
    };
    const shipper = startShipper(journal, silent, { lingerMs: 1, report: () => {} });
    await shipper.drained();
    const session = journal.openSession('ses_1');
    statements(journal, session, 1, 2);
    const hopeless = shipper.drained().catch((error: unknown) => error);
    await expect.poll(async () => (await landed) ?? 0).toHaveLength(4);
    const begun = performance.now();
    await shipper.stop();
    expect(performance.now() - begun).toBeLessThan(1000);
    expect(await hopeless).toMatchObject({ code: 'SHUTTING_DOWN' });
    await journal.close();

    const next = await journalWith();
    await ship(next, log).drained();
    const after = { topic: topics.session, partition: 0, offset: -1 };
    const ids = (await log.read(after, 100)).map(({ envelope }) => envelope.id);
    expect(ids.slice(4, 8)).toEqual(ids.slice(0, 4));
  });

  it('goes on at the shipped position after a restart, and ships again if that is lost', async () => {
    const log = openLog();
    const first = await journalWith();
    const shipper = ship(first, log);
    const session = first.openSession('ses_1');
    statements(first, session, 1, 5);
    session.add(SessionEndedSchema, { sessionId: 'ses_1' });
    void first.commit();
    await shipper.drained();
    await shipper.stop();
    await first.close();

    const second = await journalWith();
    expect(second.stats().unshipped).toBe(0);
    await second.close();
    expect(await sessionEvents(log)).toHaveLength(11);

    rmSync(join(dir, 'shipped'));
    const third = await journalWith();
    await ship(third, log).drained();
    const events = await sessionEvents(log);
    expect(events).toHaveLength(22);
    expect(verifyChain(asRead(events).get('ses_1')!)).toMatchObject({ ok: true, head: { seq: 11 } });
  });

  it('sets a damaged old segment aside and ships the rest', async () => {
    const journal = await journalWith({ segmentBytes: 4096 });
    const session = journal.openSession('ses_1');
    statements(journal, session, 1, 60);
    const segments = readdirSync(dir)
      .filter((name) => name.endsWith('.journal'))
      .sort();
    const damaged = join(dir, segments[1]!);
    const bytes = readFileSync(damaged);
    bytes[bytes.length - 20]! ^= 0xff;
    writeFileSync(damaged, bytes);
    const log = openLog();
    await ship(journal, log).drained();
    expect(await sessionEvents(log)).toHaveLength(119);
    expect(readdirSync(dir)).toContain(`${segments[1]!}.damaged`);
    expect(reports.join()).toContain('damaged');
  });

  it('sets aside what the log can never take, and ships all that is around it', async () => {
    const journal = await journalWith();
    const session = journal.openSession('ses_1');
    statements(journal, session, 1, 3);
    const log = openLog();
    // As a journal of an older version is: the log's bound is below what stands in it.
    const mostBytes = 500;
    const small: EventLog = {
      ...{ tail: log.tail.bind(log), work: log.work.bind(log), share: log.share.bind(log) },
      ...{ read: log.read.bind(log), end: log.end.bind(log), partitions: log.partitions.bind(log) },
      ...{ expire: log.expire.bind(log), close: log.close.bind(log) },
      append: async (topic, events) => {
        if (events.some(({ length }) => length > mostBytes)) throw new AppError('INPUT_INVALID', 'large');
        return log.append(topic, events);
      },
    };
    receive(session, 'sta_large', 'x'.repeat(600));
    void journal.commit();
    statements(journal, session, 4, 5);
    await ship(journal, small).drained();
    const events = await sessionEvents(log);
    expect(events.map(({ link }) => Number(link!.seq))).toEqual([1, 2, 3, 4, 5, 6, 8, 9, 10, 11]);
    const aside = readdirSync(dir).filter((name) => name.endsWith('.event.damaged'));
    expect(aside).toHaveLength(1);
    expect(decodeEnvelope(readFileSync(join(dir, aside[0]!))).link?.seq).toBe(7n);
    expect(journal.stats().errors.setAside).toBe(1);
    expect(reports.join()).toContain('more than the event log takes');
    const [state] = await readJournals(join(dir, '..'));
    expect(state).toMatchObject({ unshippedBytes: 0, damaged: [{ file: aside[0] }] });
  });
});

describe('one event', () => {
  it('is no larger than the bound: a session that would add one adds nothing, and goes on', async () => {
    const journal = await journalWith();
    const session = journal.openSession('ses_1');
    const large = expect.objectContaining({ code: 'STATEMENT_TOO_LARGE' });
    receive(session, 'a', 'x'.repeat(mostEventBytes - 1000));
    expect(() => receive(session, 'b', 'x'.repeat(mostEventBytes))).toThrow(large);
    answer(session, 'a');
    void journal.commit();
    const log = openLog();
    await ship(journal, log).drained();
    const events = await sessionEvents(log);
    expect(types(events)).toEqual(['StatementReceived', 'StatementOutcome']);
    expect(verifyChain(events)).toMatchObject({ ok: true, head: { seq: 2 } });
    expect(readdirSync(dir).filter((name) => name.endsWith('.damaged'))).toEqual([]);
  });
});

describe('the journal after a crash', () => {
  const endOf = (events: readonly Envelope[]) => payload(SessionEndedSchema, events.at(-1)!);
  const outcomes = (events: readonly Envelope[]) =>
    events.map((event) => payload(StatementOutcomeSchema, event)).filter((outcome) => outcome !== undefined);

  it('ends each open session as lost, each open statement as unknown, on the same chain', async () => {
    const journal = await journalWith();
    const open = journal.openSession('ses_open');
    open.add(SessionStartedSchema, { sessionId: 'ses_open' });
    statements(journal, open, 1, 2);
    receive(open, 'sta_x');
    receive(open, 'sta_y');
    const idle = journal.openSession('ses_idle');
    statements(journal, idle, 1, 1);
    const ended = journal.openSession('ses_ended');
    ended.add(SessionEndedSchema, { sessionId: 'ses_ended', reason: 'terminated' });
    void journal.commit();
    await abandon(journal);

    await (await journalWith()).close();
    const sessions = asRead(journalEvents(dir));
    for (const chain of sessions.values()) expect(verifyChain(chain)).toMatchObject({ ok: true });
    const lost = sessions.get('ses_open')!;
    expect(outcomes(lost).map(({ statementId, status }) => [statementId, status])).toEqual([
      ['sta_1', 'ok'],
      ['sta_2', 'ok'],
      ['sta_x', 'unknown'],
      ['sta_y', 'unknown'],
    ]);
    expect(endOf(lost)?.reason).toBe('lost');
    expect(types(sessions.get('ses_idle')!)).toEqual([
      'StatementReceived',
      'StatementOutcome',
      'SessionEnded',
    ]);
    expect(sessions.get('ses_ended')).toHaveLength(1);

    const before = journalEvents(dir).length;
    await (await journalWith()).close();
    expect(journalEvents(dir)).toHaveLength(before);
  });

  it('continues a chain whose earlier segments were shipped and deleted', async () => {
    const log = openLog();
    const journal = await journalWith({ segmentBytes: 4096 });
    const shipper = ship(journal, log);
    const quiet = journal.openSession('ses_quiet');
    receive(quiet, 'sta_quiet');
    const busy = journal.openSession('ses_busy');
    statements(journal, busy, 1, 100);
    await shipper.drained();
    await shipper.stop();
    expect(journal.stats().segments).toBe(1);
    await abandon(journal);

    const next = await journalWith({ segmentBytes: 4096 });
    await ship(next, log).drained();
    const sessions = asRead(await sessionEvents(log));
    expect(types(sessions.get('ses_quiet')!)).toEqual([
      'StatementReceived',
      'StatementOutcome',
      'SessionEnded',
    ]);
    expect(verifyChain(sessions.get('ses_quiet')!)).toMatchObject({ ok: true, head: { seq: 3 } });
    expect(verifyChain(sessions.get('ses_busy')!)).toMatchObject({ ok: true, head: { seq: 201 } });
  });

  it('cuts off a torn last record, wherever it was torn', async () => {
    const journal = await journalWith();
    const session = journal.openSession('ses_1');
    statements(journal, session, 1, 2);
    const whole = readFileSync(newest()).length;
    receive(session, 'sta_3');
    void journal.commit();
    const file = newest();
    const bytes = readFileSync(file);
    await abandon(journal);
    for (let length = whole; length < bytes.length; length += 7) {
      writeFileSync(file, bytes);
      truncateSync(file, length);
      await (await journalWith()).close();
      const events = journalEvents(dir);
      expect(types(events).slice(4)).toEqual(['SessionEnded']);
      expect(verifyChain(events)).toMatchObject({ ok: true, head: { seq: 5 } });
    }
    expect(reports.join()).toContain('unfinished write');
  });

  it('cuts off what is no record', async () => {
    const journal = await journalWith();
    const session = journal.openSession('ses_1');
    statements(journal, session, 1, 2);
    const file = newest();
    await abandon(journal);
    appendFileSync(file, Buffer.alloc(4096));
    await (await journalWith()).close();
    expect(verifyChain(journalEvents(dir))).toMatchObject({ ok: true, head: { seq: 5 } });
  });

  it('falls back on the segment before one that was never begun', async () => {
    const journal = await journalWith({ segmentBytes: 4096 });
    const session = journal.openSession('ses_1');
    statements(journal, session, 1, 40);
    const file = newest();
    await abandon(journal);
    truncateSync(file, 5);
    const lost = 80 - journalEvents(dir).length;
    await (await journalWith({ segmentBytes: 4096 })).close();
    const events = journalEvents(dir);
    expect(endOf(events)?.reason).toBe('lost');
    expect(verifyChain(events)).toMatchObject({ ok: true });
    expect(lost).toBeLessThan(20);
  });

  it('ends lost sessions even where the cap is reached', async () => {
    const journal = await journalWith({ maxBytes: 1024 * 1024 });
    const session = journal.openSession('ses_1');
    const fill = () => {
      for (let n = 0; ; n++) {
        receive(session, `sta_${n}`, 'x'.repeat(2000));
        void journal.commit();
      }
    };
    expect(fill).toThrow(full);
    await abandon(journal);
    await journalWith({ maxBytes: 1024 * 1024 });
    expect(endOf(journalEvents(dir))?.reason).toBe('lost');
  });
});
