import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { approval, ApprovalBook, FindingBook, Follower, toApprovalEnvelope } from '#domain';
import { encodeEnvelope, payload, SignInRefusedSchema, StatementReceivedSchema, topics } from '#events';
import { AppError, ManualClock, newId, type Principal } from '#kernel';
import { compileMasking, parseMasking } from '#masking';
import { logFoldError, FileApprovalKeys, type WeirConfig } from '#platform';
import { compilePolicies } from '#policy-engine';
import { loadStatementParser, type CatalogRelation } from '#statement';
import { LocalLedger } from '../../services/proxy/gate/budget/budget-ledger.js';
import { LookupRegister } from '../../services/proxy/gate/budget/lookup-register.js';
import type { GateSession, HoldRequest, Namespace, Parameter } from '../../services/proxy/gate/gate.js';
import { Freshness } from '../../services/proxy/gate/freshness.js';
import { Holds } from '../../services/proxy/gate/holds.js';
import type { PolicyFollower } from '../../services/proxy/gate/policy-follower.js';
import { WeirGate } from '../../services/proxy/gate/weir-gate.js';
import { openJournal, type FileJournal } from '../../services/proxy/journal/index.js';
import { journalEvents } from '../support/log-writer.read.js';
import { lifted, logged, quarantined } from '../../libs/domain/finding.specimen.js';
import { MemoryLog } from './approval.memory-log.js';

const bot: Principal = { id: 'corp:bot', issuer: 'corp', subject: 'bot', kind: 'agent', groups: ['agents'] };
const ana: Principal = { id: 'corp:ana', issuer: 'corp', subject: 'ana', kind: 'person', groups: ['dba'] };

const customers: CatalogRelation = {
  ...{ oid: 16384, schema: 'public', name: 'customers', kind: 'r' },
  columns: [
    { name: 'id', attnum: 1, typeOid: 23 },
    { name: 'email', attnum: 2, typeOid: 25, sensitive: { class: 'email', lookup: true } },
  ],
};
const names = {
  anySensitive: true,
  relation: ({ name }: { name: string }) => (name === 'customers' ? customers : ('unknown' as const)),
  isBuiltinFunction: () => true,
  isBuiltinOperator: () => true,
  composite: () => undefined,
};
const namespace: Namespace = {
  key: {},
  namesFor: () => names,
  resolve: ({ name }) => [{ schema: 'public', name, oid: 16384 }],
};

/** A gate without a protocol before it: real journal, approvals and keys; the log in memory. */
class Stage {
  readonly clock = new ManualClock();
  readonly log = new MemoryLog(this.clock);
  readonly book = new ApprovalBook({ onError: logFoldError });
  readonly follower = new Follower(this.log, topics.approval, this.book, logFoldError);
  readonly ledger = new LocalLedger();
  readonly findings = new FindingBook(logFoldError);
  principal = bot;
  /** When the log last answered; undefined: it does. */
  heardAt: number | undefined;
  journal!: FileJournal;
  gate!: WeirGate;

  static async open(dir: string, policies: string): Promise<Stage> {
    const stage = new Stage();
    const { clock, log, book, follower, ledger } = stage;
    const journal = join(dir, 'journal');
    stage.journal = await openJournal({
      ...{ dir: journal, mode: 'write-ahead', maxBytes: 1 << 26, clock, source: 'proxy/spec' },
    });
    const holds = new Holds({
      ...{ book, follower, keys: new FileApprovalKeys(dir), bindingKey: Buffer.alloc(32), clock },
      ...{ instance: 'spec', publicUrl: 'http://gate', openMs: 3_600_000 },
    });
    const snapshot = compilePolicies([{ name: 'test.cedar', text: policies }]);
    const masking = compileMasking(parseMasking('rules: []', 'masking.yaml'));
    const connection = {
      name: 'orders',
      protocol: 'postgres',
      host: '',
      port: 1,
      database: '',
      user: '',
      passwordRef: '',
    };
    const state = {
      connections: new Map([
        ['orders', { connection: { ...connection, tls: 'disable', owner: '', allowPrivileged: false } }],
      ]),
    };
    stage.gate = new WeirGate({
      ...{ journal: stage.journal, holds, eventLog: log, clock, instance: 'spec' },
      standing: (who) => stage.findings.standingOf(who, clock.now()),
      freshness: new Freshness({ maxMs: 30_000, age: () => clock.now() - (stage.heardAt ?? clock.now()) }),
      budgets: { ledger, lookups: new LookupRegister(Buffer.alloc(32)) },
      config: {
        ...{ statements: { maxBytes: 10_000 }, sessions: { maxAge: 1000 } },
        ...{ publicUrl: 'http://gate', dataDir: dir, identity: { roles: { approver: ['dba'] } } },
      } as unknown as WeirConfig,
      verifier: {
        verify: async (token) => {
          if (token === 'wrong') throw new AppError('TOKEN_INVALID', 'it is wrong');
          return { principal: stage.principal, expiresAt: Number.MAX_SAFE_INTEGER };
        },
      },
      policies: { policies: () => snapshot, masking: () => masking, state } as unknown as PolicyFollower,
    });
    return stage;
  }

  session(token = 't'): Promise<GateSession> {
    return this.gate.open({
      ...{ protocol: 'postgres', token, connection: 'orders', sourceAddress: '', clientTls: true },
      ...{ clientProgram: '', clientUser: '' },
    });
  }

  async approve(id: string): Promise<void> {
    const stamp = { eventId: newId('evt'), at: this.clock.now() };
    const [event] = approval.decide({ type: 'Approve', ...stamp, by: ana, reason: 'ok' }, this.book.get(id)!);
    await this.follower.append(toApprovalEnvelope(event!, { source: 'spec', clock: this.clock }));
  }

  async close(): Promise<void> {
    await this.follower.stop();
    await this.journal.close();
  }
}

const details = { how: 'simple' as const, parameters: [], portal: '' };
const circumstances = 'here';
const estimate = () => Promise.resolve({ rows: 7, cost: 1.5 });

function judged(session: GateSession, text: string) {
  return session.judge({ text, namespace, inTransaction: false, lookup: () => undefined });
}

function holding(execution: HoldRequest['execution'], parameters: readonly Parameter[] = []): HoldRequest {
  const { signal } = new AbortController();
  const announce = () => undefined;
  return { execution, parameters, circumstances, mayWait: false, announce, signal, estimate };
}

let dir = '';
let stage: Stage;
beforeAll(loadStatementParser);
beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), 'weir-gate-'))));
afterEach(async () => {
  await stage.close();
  await rm(dir, { recursive: true, force: true });
});

describe('the rest of a result', () => {
  const policy = `@max_rows("10") @max_rows_per("50/1h") @on_excess("approve") @approvers("dba")
    permit (principal, action == Action::"sql:select", resource);`;
  const text = 'SELECT id FROM customers';
  const error = new AppError('BUDGET_EXCEEDED', 'the budget of 10 rows a statement is reached');
  const asked = (session: GateSession, more: { text?: string; circumstances?: string } = {}) =>
    session.forExecution({
      judgement: judged(session, more.text ?? text),
      parameters: [],
      circumstances: () => more.circumstances ?? circumstances,
    });

  async function stopped(session: GateSession): Promise<string> {
    const execution = session.received(asked(session), details);
    const told = await session.excess({ execution, parameters: [], circumstances, error, estimate });
    expect(told).toMatchObject({
      code: 'BUDGET_EXCEEDED',
      message: expect.stringMatching(
        /^the budget of 10 rows a statement is reached; the rest is held for approval apr_\w+ by dba: run it again/,
      ) as string,
    });
    return /apr_\w+/.exec(told.message)![0];
  }

  test('is held, and given once to the same statement after somebody approved it', async () => {
    stage = await Stage.open(dir, policy);
    const session = await stage.session();
    const id = await stopped(session);
    expect(await stopped(session)).toBe(id);
    expect(stage.book.get(id)!.request).toMatchObject({
      reason: 'its result is larger than its budget; approved, it may give up to 100 rows',
    });
    expect(asked(session).verdict).toMatchObject({ decision: 'allow', obligations: { maxRows: 10 } });

    await stage.approve(id);
    for (const other of [{ text: `${text} ` }, { circumstances: 'elsewhere' }])
      expect(asked(session, other).verdict.decision).toBe('allow');
    const again = asked(await stage.session());
    expect(again.verdict).toMatchObject({ decision: 'hold', obligations: { maxRows: 100 } });
    expect(session.windows(again)).toBeUndefined();

    const held = session.received(again, details);
    const answer = await session.hold(holding(held));
    expect(answer).toMatchObject({ outcome: 'approved', approvalId: id, decidedBy: ['corp:ana'] });
    // The frontend decides the message again, and now knows what was held for it.
    const judgement = judged(session, text);
    const request = { judgement, parameters: [], circumstances: () => circumstances };
    expect(session.forExecution({ ...request, held })).toBe(again);
    // Anybody else's is an execution like the first.
    expect(session.forExecution(request)).toBe(judgement);
  });

  test('an approval of the statement itself is not one of its rest', async () => {
    stage = await Stage.open(dir, policy);
    const session = await stage.session();
    const judgement = asked(session);
    const obligations = { ...judgement.verdict.obligations, approvers: ['dba'], quorum: 1 };
    const verdict = { ...judgement.verdict, obligations };
    const plain = session.received({ ...judgement, verdict }, details);
    const answer = await session.hold(holding(plain));
    await stage.approve(answer.approvalId);
    expect(asked(session).verdict.decision).toBe('allow');
  });

  test('is plainly over where nobody may be asked, and where the log is away', async () => {
    stage = await Stage.open(dir, policy);
    const session = await stage.session();
    const execution = session.received(judged(session, 'SELECT 1; SELECT 2'), details);
    expect(await session.excess({ execution, parameters: [], circumstances, error, estimate })).toBe(error);
    stage.log.append = () => Promise.reject(new Error('away'));
    const other = session.received(asked(session), details);
    expect(
      (await session.excess({ execution: other, parameters: [], circumstances, error, estimate })).message,
    ).toBe('the budget of 10 rows a statement is reached; an approval could not be asked for');
  });
});

describe('refused knocks', () => {
  async function refused() {
    const read = await stage.log.read({ topic: topics.identity, partition: 0, offset: -1 }, 10_000);
    return read.map(({ envelope }) => payload(SignInRefusedSchema, envelope)?.reason);
  }

  test('are recorded sixty times a minute, and the next says how many were not', async () => {
    stage = await Stage.open(dir, 'permit (principal, action, resource);');
    for (let n = 0; n < 65; n++) await expect(stage.session('wrong')).rejects.toThrow('it is wrong');
    expect(await refused()).toEqual(Array.from({ length: 60 }, () => 'it is wrong'));
    stage.clock.advance(60_000);
    await expect(stage.session('wrong')).rejects.toThrow('it is wrong');
    expect((await refused()).at(-1)).toBe('it is wrong (5 more before it were not recorded)');
    await expect(stage.session()).resolves.toBeDefined();
  });
});

describe('quarantine', () => {
  const quarantine = (level: string) => stage.findings.apply(logged(quarantined(level, 'reads a lot')));
  const ended = (session: GateSession) =>
    new Promise<string>((resolve) => session.onEnd((reason, when) => resolve(`${when}: ${reason}`)));
  const said = 'corp:bot is in quarantine: reads a lot';

  test('ends the sessions of whoever is blocked, and of who acts in their name; takes none, and says why', async () => {
    stage = await Stage.open(dir, 'permit (principal, action, resource);');
    const own = ended(await stage.session());
    stage.principal = { ...bot, id: 'corp:other', subject: 'other', onBehalfOf: bot.id };
    const behalf = ended(await stage.session());
    stage.principal = ana;
    let others = '';
    void ended(await stage.session()).then((reason) => (others = reason));
    quarantine('blocked');
    stage.gate.endBlocked();
    expect(await Promise.all([own, behalf])).toEqual([`now: ${said}`, `now: ${said}`]);
    expect(others).toBe('');
    await expect(stage.session()).resolves.toBeDefined();
    for (const principal of [bot, { ...ana, id: 'corp:x', onBehalfOf: bot.id }]) {
      stage.principal = principal;
      await expect(stage.session()).rejects.toMatchObject({ code: 'FORBIDDEN', message: said });
    }
    const read = await stage.log.read({ topic: topics.identity, partition: 0, offset: -1 }, 10);
    expect(read.map(({ envelope }) => payload(SignInRefusedSchema, envelope)?.reason)).toEqual([said, said]);
    stage.findings.apply(logged(lifted()));
    await expect(stage.session()).resolves.toBeDefined();
  });

  test.each(['watch', 'approve', 'nothing_sensitive'])('of level %s ends nothing', async (level) => {
    stage = await Stage.open(dir, 'permit (principal, action, resource);');
    let reason = '';
    const session = await stage.session();
    void ended(session).then((why) => (reason = why));
    quarantine(level);
    stage.gate.endBlocked();
    await expect(stage.session()).resolves.toBeDefined();
    expect([reason, judged(session, 'BEGIN').verdict.decision]).toEqual(['', 'allow']);
    expect(session.hint('s1')).toBe('http://gate/decisions/s1; ask the security team');
    stage.findings.apply(logged(lifted()));
    expect(session.hint('s1')).toBe('http://gate/decisions/s1');
  });
});

describe('parameters', () => {
  const recorded = async (values: readonly string[], text = 'SELECT 1', portal = '') => {
    const session = await stage.session();
    const parameters = values.map((value) => ({ value, format: 0 as const }));
    session.received(judged(session, text), { how: 'extended', parameters, portal });
    void stage.journal.commit();
    const event = journalEvents(join(dir, 'journal')).at(-1)!;
    return { event, received: payload(StatementReceivedSchema, event)! };
  };

  test('are kept up to a sum; one entry stands for the rest, with its digest', async () => {
    stage = await Stage.open(dir, 'permit (principal, action, resource);');
    const { event, received } = await recorded(Array.from({ length: 1200 }, () => '€'.repeat(4000)));
    expect(encodeEnvelope(event).length).toBeLessThan(300_000);
    expect(received.parameters).toHaveLength(22);
    expect(received.parameters[20]).toMatchObject({ value: '€'.repeat(4000), note: '' });
    const sha256 = createHash('sha256')
      .update(`12000:${'€'.repeat(4000)}`.repeat(1179))
      .digest('hex');
    const note = `cut: 1179 parameters from here on, 4716000 characters, SHA-256 ${sha256}`;
    expect(received.parameters[21]).toMatchObject({ value: '', null: false, note });
  });

  test('are kept one by one below it, and near masked columns no digest tells of their values', async () => {
    stage = await Stage.open(dir, 'permit (principal, action, resource);');
    const few = await recorded(['1', 'x'.repeat(5000)]);
    expect(few.received.parameters.map(({ note }) => note)).toEqual(['', 'cut from 5000 characters']);
    const text = 'SELECT id FROM customers WHERE email = $1';
    const many = await recorded(
      Array.from({ length: 60_000 }, () => '1'),
      text,
    );
    expect(encodeEnvelope(many.event).length).toBeLessThan(600_000);
    expect(many.received.parameters.at(-1)!.note).toMatch(
      /^cut: \d{5} parameters from here on, \d{5} characters$/,
    );
  });

  test('and no other name that a client gives makes an event that no log takes', async () => {
    stage = await Stage.open(dir, 'permit (principal, action, resource);');
    const name = 'p'.repeat(10_000_000);
    const { received } = await recorded([], 'SELECT 1', name);
    expect(received.portal).toMatch(/^p{1024}… \(of 10000000 characters\)$/);
    const session = await stage.session();
    session.prepared(judged(session, 'SELECT 1'), name);
    void stage.journal.commit();
    expect(encodeEnvelope(journalEvents(join(dir, 'journal')).at(-1)!).length).toBeLessThan(2000);
  });
});

describe('windows', () => {
  test('are one for all sessions of an identity; without one there is nothing to ask', async () => {
    stage = await Stage.open(
      dir,
      `@max_rows_per("50/1h") permit (principal, action == Action::"sql:select", resource);
       permit (principal, action == Action::"sql:session", resource);`,
    );
    const [one, two] = [await stage.session(), await stage.session()];
    const windows = one.windows(judged(one, 'SELECT id FROM customers'))!;
    windows.spent(30, 1);
    expect(two.windows(judged(two, 'SELECT 1'))!.rowsLeft()).toBe(20);
    expect(two.windows(judged(two, "SET timezone = 'UTC'"))).toBeUndefined();
    expect(judged(one, 'SELECT 1')).toBe(judged(two, 'SELECT 1'));
  });
});

describe('look-ups beyond their window', () => {
  const policy = `@max_lookups_per("2/1h") @lookup_approvers("dba")
    permit (principal, action == Action::"sql:select", resource);`;
  const text = 'SELECT id FROM customers WHERE email = $1';

  test('wait for a person, then run once', async () => {
    stage = await Stage.open(dir, policy);
    const session = await stage.session();
    const judgement = judged(session, text);
    const look = (value: string, more: object = {}) => {
      const parameters = [{ value, format: 0 as const }];
      return session.forExecution({ judgement, parameters, circumstances: () => circumstances, ...more });
    };
    expect([look('a'), look('b')]).toEqual([judgement, judgement]);
    const third = look('c');
    expect(third.verdict.decision).toBe('hold');
    const parameters = [{ value: 'c', format: 0 as const }];
    const execution = session.received(third, { ...details, parameters });
    const asked = await session.hold(holding(execution, parameters));
    expect(asked.outcome).toBe('retry');
    await stage.approve(asked.approvalId);
    const again = session.received(look('c'), { ...details, parameters });
    expect(await session.hold(holding(again, parameters))).toMatchObject({ outcome: 'approved' });
    expect(look('c', { held: again })).toBe(again.judgement);
    expect(look('d').verdict.decision).toBe('hold');
    expect(look('a')).toBe(judgement);
  });
});

describe('a log that does not answer', () => {
  const policy = '@id("read") permit (principal, action in Action::"sql:any", resource);';

  test('past the limit nobody is let in and nothing sensitive goes on; the rest does, and all of it once it answers', async () => {
    stage = await Stage.open(dir, policy);
    const open = await stage.session();
    stage.heardAt = stage.clock.now();
    const [masked, plain] = [judged(open, 'SELECT id FROM customers'), judged(open, 'SELECT 1')];
    stage.clock.advance(30_000);
    expect([open.stale(masked), open.stale(plain)]).toEqual([undefined, undefined]);
    await stage.session();

    stage.clock.advance(1);
    // As decided before: what is cached is asked again.
    expect(judged(open, 'SELECT id FROM customers')).toBe(masked);
    expect(open.stale(masked)).toMatchObject({ code: 'STALE_SNAPSHOT' });
    expect(open.stale(plain)).toBeUndefined();
    await expect(stage.session()).rejects.toMatchObject({ code: 'STALE_SNAPSHOT' });
    // Strangers learn nothing of how the gate does.
    await expect(stage.session('wrong')).rejects.toMatchObject({ code: 'TOKEN_INVALID' });

    stage.heardAt = undefined;
    expect(open.stale(masked)).toBeUndefined();
    expect((await stage.session()).stale(masked)).toBeUndefined();
  });
});
