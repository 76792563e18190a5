import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ClickHouseClient } from '#audit-store';
import { decodeEnvelope, encodeEnvelope, ErasedSchema, newEvent, SessionEndedSchema, topics } from '#events';
import type { Clock } from '#kernel';
import { AUDIT_WRITER } from '../../services/audit/audit.tokens.js';
import { planErasure } from '../../services/audit/retention/erasure.plan.js';
import { ErasureStore } from '../../services/audit/retention/erasure.store.js';
import { RetentionService } from '../../services/audit/retention/retention.service.js';
import { aSession, ProofStage } from './proof.stage.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const day = 86_400_000;
const anchored = ['--against', 'outside/checkpoints', '--key', 'proof/keys'];
const rows = 'weir.session_event_rows';
const keptTable = 'weir.expired_event_rows';
const tree = { topic: topics.session, partition: 0 };
const yaml = `listen: { sql: off }
audit:
  proof: { interval: 50, sink: "file:outside/checkpoints" }
  retention: { sessions: 30 }`;

/** The system's, as many days ago as it is told. */
class PastClock implements Clock {
  daysAgo = 40;

  now(): number {
    return Date.now() - this.daysAgo * day;
  }
}

let clock: PastClock;
let stage: ProofStage;
beforeEach(async () => {
  clock = new PastClock();
  stage = await ProofStage.open(yaml, undefined, clock);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await stage.close();
});

const erase = () => stage.get(RetentionService).round();
const verify = (...more: string[]) => stage.weir('verify', ...anchored, ...more);
const count = async (of: string) =>
  Number((await stage.rows<{ n: string }>(`SELECT toString(count()) AS n FROM ${of}`))[0]?.n);

/** Two sessions of forty days ago and one of today, all covered. */
async function oldAndNew(): Promise<void> {
  await stage.append([...aSession('ses_old_1', { clock }), ...aSession('ses_old_2', { clock })]);
  await stage.cover();
  clock.daysAgo = 0;
  await stage.append(aSession('ses_new', { clock }));
  await stage.cover();
}

const expiredLine = (events: number, sessions: number) =>
  expect.stringMatching(
    new RegExp(
      `^expired: ${events} events of ${sessions} sessions by rule sessions, 30 days, on \\d{4}-\\d\\d-\\d\\d \\(era_[0-9a-f]{32}, audit/proof-test\\)$`,
    ),
  );

/** What is found, without the lines that say what has expired. */
async function found(...more: string[]): Promise<string[]> {
  const { code, out, err } = await verify(...more);
  expect([code, err]).toEqual([1, []]);
  return out.slice(0, -1).filter((line) => !line.startsWith('expired: '));
}

describe('retention', () => {
  it('erases what is too old, says so on the log, and the record is proven all the same', async () => {
    await oldAndNew();
    expect(await verify()).toMatchObject({ code: 0 });
    await erase();
    const all = [
      expiredLine(20, 2),
      expect.stringMatching(/^3 sessions, 10 events, \d+ control events: nothing found$/),
    ];
    expect(await verify()).toEqual({ code: 0, err: [], out: all });
    for (const table of [rows, 'weir.session_summary_rows', 'weir.statements', 'weir.sessions'])
      expect(await count(`${table} WHERE session_id LIKE 'ses_old%'`)).toBe(0);
    expect(await count(`${rows} WHERE session_id = 'ses_new'`)).toBe(10);
    const left = await stage.log.read({ ...tree, offset: -1 }, 100);
    expect(left.map(({ envelope }) => envelope.subject)).toEqual(Array(10).fill('ses_new'));
    await erase();
    await stage.restart();
    await erase();
    expect((await verify()).out).toEqual(all);
    expect(await verify('--session', 'ses_old_1')).toMatchObject({
      code: 0,
      out: [expiredLine(10, 1), expect.anything()],
    });
    expect(await verify('--since', '60d')).toMatchObject({
      code: 0,
      out: [expiredLine(20, 2), expect.anything()],
    });
    expect(await verify('--session', 'ses_new')).toMatchObject({
      code: 0,
      out: [expect.stringMatching(/^1 sessions, 10 events/)],
    });
  });

  it('is told where an expired session is asked for', async () => {
    await oldAndNew();
    await erase();
    for (const verb of [
      ['export', '--session', 'ses_old_1'],
      ['replay', 'ses_old_1'],
    ]) {
      const { code, err } = await stage.weir(...verb);
      expect([code, err.join('\n')]).toEqual([4, expect.stringContaining('session ses_old_1 has expired')]);
    }
    expect((await stage.weir('replay', 'ses_none')).err.join()).toContain('there is no session ses_none');
    expect(await stage.weir('export', '--session', 'ses_new')).toMatchObject({ code: 0 });
    expect(await stage.weir('replay', 'ses_new')).toMatchObject({ code: 0 });
  });

  it('reads nothing again that it erased, where nothing else is left', async () => {
    await stage.append(aSession('ses_old_1', { clock }));
    await stage.cover();
    vi.spyOn(stage.log, 'expire').mockResolvedValue(); // the log has it all the same
    clock.daysAgo = 0;
    await erase();
    expect(await count(rows)).toBe(0);
    await stage.restart();
    await stage.append(aSession('ses_new', { clock }));
    await stage.cover();
    expect(await count(rows)).toBe(10);
    expect(await verify()).toMatchObject({ code: 0, out: [expiredLine(10, 1), expect.anything()] });
  });

  it('keeps what came later of a session, and a session of which a row was changed', async () => {
    await stage.append(aSession('ses_old_1', { clock, ended: false }));
    await stage.append(aSession('ses_changed', { clock }));
    await stage.cover();
    await stage.tamper(
      `ALTER TABLE ${rows} UPDATE raw = 'junk' WHERE session_id = 'ses_changed' AND seq = 3`,
    );
    clock.daysAgo = 0;
    await erase();
    expect(await count(`${rows} WHERE session_id = 'ses_changed'`)).toBe(10);
    const origin = { source: 'proxy/test', subject: 'ses_old_1', clock };
    await stage.append([newEvent(SessionEndedSchema, { reason: 'lost' }, origin)]);
    await stage.cover();
    await erase();
    expect(await count(`${rows} WHERE session_id = 'ses_old_1'`)).toBe(1);
    expect(await verify('--session', 'ses_old_1')).toMatchObject({
      code: 0,
      out: [expiredLine(9, 1), expect.anything()],
    });
    expect(await found()).toEqual(['changed text: session ses_changed seq 3: its bytes are no event']);
  });

  it('keeps what is younger', async () => {
    clock.daysAgo = 29;
    await oldAndNew();
    await erase();
    expect(await count(rows)).toBe(30);
    expect(await verify()).toMatchObject({ code: 0, out: [expect.stringMatching(/^3 sessions, 30 events/)] });
  });
});

describe('retention that is killed', () => {
  const dies = () => vi.fn().mockRejectedValue(new Error('killed'));
  const whole = [expect.stringMatching(/^3 sessions, 30 events, .*nothing found$/)];
  const done = [expiredLine(20, 2), expect.stringMatching(/^3 sessions, 10 events, .*nothing found$/)];

  async function goesOn(expected: readonly unknown[] = done): Promise<void> {
    vi.restoreAllMocks();
    await stage.restart();
    await erase();
    expect((await verify()).out).toEqual(expected);
    expect(await count(`${rows} WHERE session_id LIKE 'ses_old%'`)).toBe(0);
  }

  it('between the headers of two tables, has only planned', async () => {
    await oldAndNew();
    const keep = ErasureStore.prototype.keep;
    vi.spyOn(ErasureStore.prototype, 'keep').mockImplementation(async function (this: ErasureStore, plan) {
      await keep.call(this, { ...plan, sessions: plan.sessions.slice(0, 1) });
      throw new Error('killed');
    });
    await expect(erase()).rejects.toThrow('killed');
    expect((await verify()).out).toEqual(whole);
    await goesOn();
  });

  it('before it is announced, plans anew: another day, other sessions', async () => {
    await stage.append(aSession('ses_old_1', { clock }));
    await stage.cover();
    clock.daysAgo = 9;
    vi.spyOn(stage.log, 'append').mockImplementation(dies());
    await expect(erase()).rejects.toThrow('killed');
    vi.restoreAllMocks();
    expect(await count(keptTable)).toBe(10);
    clock.daysAgo = 39;
    await stage.append(aSession('ses_old_2', { clock }));
    await stage.cover();
    clock.daysAgo = 0;
    await goesOn([expiredLine(20, 2), expect.stringMatching(/^2 sessions, 0 events, .*nothing found$/)]);
  });

  it('before anything is erased, goes on', async () => {
    await oldAndNew();
    vi.spyOn(ErasureStore.prototype, 'erase').mockImplementation(dies());
    await expect(erase()).rejects.toThrow('killed');
    expect((await verify()).out.at(-1)).toMatch(/^3 sessions, 30 events, .*nothing found$/);
    await goesOn();
  });

  it('between two tables, goes on', async () => {
    await oldAndNew();
    vi.spyOn(ErasureStore.prototype, 'erase').mockImplementation(async () => {
      await stage.tamper(`ALTER TABLE ${rows} DELETE WHERE session_id LIKE 'ses_old%'`);
      throw new Error('killed');
    });
    await expect(erase()).rejects.toThrow('killed');
    await goesOn();
    expect(await count("weir.session_summary_rows WHERE session_id LIKE 'ses_old%'")).toBe(0);
  });

  it('erases nothing that no checkpoint covers', async () => {
    await stage.append(aSession('ses_old_1', { clock }));
    clock.daysAgo = 0;
    await erase();
    expect(await count(rows)).toBe(10);
    await stage.cover();
    await erase();
    expect(await count(rows)).toBe(0);
  });
});

describe('weir verify finds', () => {
  const store = () => new ErasureStore(stage.get<ClickHouseClient>(AUDIT_WRITER));

  /** What somebody does who has the log, the store and the key: headers kept, an `Erased` that a checkpoint covers. */
  async function forge(
    session: string,
    own: { days?: number; daysAgo?: number; announced?: boolean } = {},
  ): Promise<void> {
    const { days = 30, daysAgo = 0, announced = true } = own;
    const [old] = await store()
      .oldSessions(tree, Date.now() + day, 10)
      .then((all) => all.filter((one) => one.session === session));
    const plan = planErasure(tree, days, [old!], { cutoff: Infinity, covered: Infinity, mostEvents: 100 })!;
    await store().keep(plan);
    const then = { now: () => Date.now() - daysAgo * day };
    const said = {
      ...tree,
      through: BigInt(plan.through),
      sessions: 1,
      events: 10n,
      rule: 'sessions',
      days,
      by: 'mallory',
    };
    const origin = { source: 'audit/x', subject: 'weir.session.v1/0', clock: then, id: plan.id };
    if (announced) await stage.append([newEvent(ErasedSchema, said, origin)], topics.retention);
    await stage.cover();
    await store().erase(tree, plan.through, plan.sessions);
  }

  it('rows that were deleted without a trace', async () => {
    await oldAndNew();
    await erase();
    await stage.tamper(`ALTER TABLE ${rows} DELETE WHERE session_id = 'ses_new'`);
    expect(await found()).toEqual([
      'truncated tail: session ses_new seq 1 to 10: the tree has events up to seq 10, the store up to 0',
    ]);
  });

  it('young rows that somebody says were erased, by whatever rule', async () => {
    await oldAndNew();
    await forge('ses_new');
    const today = new Date().toISOString().slice(0, 10);
    const [only, ...rest] = await found();
    expect(rest).toEqual([]);
    expect(only).toMatch(
      new RegExp(
        `^deleted row: session ses_new seq 1 to 10: it is of ${today}; era_\\w+, of ${today}, erased what was older than 30 days$`,
      ),
    );
  });

  it('a rule of no days, one that is shorter than the auditor knows it to be, and a day to come', async () => {
    await oldAndNew();
    await forge('ses_new', { days: 0 });
    expect(await found()).toEqual([
      expect.stringMatching(
        /^wrong erasure: weir\.retention\.v1\/0 offset 0: era_\w+ erased what was older than 0 days; the least is 1$/,
      ),
    ]);
    await forge('ses_old_1', { days: 7 });
    expect(await found('--session', 'ses_old_1', '--retention', '30')).toEqual([
      expect.stringMatching(/^wrong erasure: .* 7 days; the least is 30$/),
    ]);
    expect(await verify('--session', 'ses_old_1', '--retention', '7')).toMatchObject({ code: 0 });
    expect(await verify('--retention', 'long')).toMatchObject({ code: 2 });
    await forge('ses_old_2', { daysAgo: -31 });
    expect(await found('--session', 'ses_old_2')).toEqual([
      expect.stringMatching(/^wrong erasure: .* says that it is of \d{4}-\d\d-\d\d, which is to come$/),
    ]);
  });

  it('old rows that nobody said were erased, and those whose erasure was changed', async () => {
    await oldAndNew();
    await forge('ses_old_1', { announced: false });
    expect(await found()).toEqual([
      'truncated tail: session ses_old_1 seq 1 to 10: the tree has events up to seq 10, the store up to 0',
    ]);
    await forge('ses_old_2', { days: 5 });
    const control = 'weir.control_event_rows';
    const [row] = await stage.rows<{ raw: string }>(
      `SELECT base64Encode(raw) AS raw FROM ${control} WHERE type = 'Erased'`,
    );
    const event = decodeEnvelope(Buffer.from(row!.raw, 'base64'));
    event.timeUs += 1n;
    const raw = Buffer.from(encodeEnvelope(event)).toString('base64');
    await stage.tamper(`ALTER TABLE ${control} UPDATE raw = base64Decode('${raw}') WHERE type = 'Erased'`);
    expect(await found()).toEqual(
      expect.arrayContaining([
        'deleted row: session ses_old_2 seq 1 to 10: nothing that a checkpoint covers says that it was erased',
        'changed text: weir.retention.v1/0 offset 0: its bytes are not those of its hash in the tree',
      ]),
    );
  });

  it.each([
    ['hash', "lower(hex(SHA256('x')))"],
    ['content', "lower(hex(SHA256('x')))"],
    ['time_us', 'time_us - 1'],
    ['type', "'weir.events.v1.SessionEnded'"],
    ['event_id', "'evt_other'"],
  ])('a changed %s of what is kept', async (column, value) => {
    await oldAndNew();
    await erase();
    await stage.tamper(
      `ALTER TABLE ${keptTable} UPDATE ${column} = ${value} WHERE session_id = 'ses_old_1' AND seq = 4`,
    );
    expect(await found()).toEqual([
      'changed text: session ses_old_1 seq 4: what is kept of it is not what its hash covers',
    ]);
  });

  it('kept rows that are gone, at the end and between, and some that were added', async () => {
    await oldAndNew();
    await erase();
    await stage.tamper(
      `INSERT INTO ${keptTable} SELECT * REPLACE ('ses_never' AS session_id) FROM ${keptTable} AS k WHERE k.session_id = 'ses_old_1'`,
    );
    await stage.tamper(`ALTER TABLE ${keptTable} DELETE WHERE session_id = 'ses_old_1' AND seq IN (4, 10)`);
    const lines = await found();
    expect(lines).toEqual([
      expect.stringMatching(/^deleted row: session ses_never seq 1 to 10: it stands in no tree$/),
      expect.stringMatching(/^deleted row: session ses_old_1 seq 4: it is not in the store$/),
      expect.stringMatching(/^truncated tail: session ses_old_1 seq 10/),
      expect.stringMatching(/^wrong erasure: .* says 20 events of 2 sessions, of 28 of 3 something is kept$/),
    ]);
  });

  it('a summary that is left of a session without events', async () => {
    await oldAndNew();
    await erase();
    await stage.tamper(
      `INSERT INTO weir.session_summary_rows SELECT * REPLACE ('ses_old_1' AS session_id) FROM weir.session_summary_rows AS s WHERE s.session_id = 'ses_new'`,
    );
    expect(await found()).toEqual([
      'added row: session ses_old_1 summary: its events have expired, and it with them',
    ]);
  });
});
