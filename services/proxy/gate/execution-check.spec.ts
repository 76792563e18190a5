import { describe, expect, test } from 'vitest';
import { fromBinary } from '@bufbuild/protobuf';
import { StatementReceivedSchema } from '#events';
import { ManualClock, type Principal } from '#kernel';
import { compileMasking, parseMasking } from '#masking';
import type { Obligations, Verdict } from '#policy-engine';
import type { MaskedColumn } from '#statement';
import { LookupRegister } from './budget/lookup-register.js';
import { beyondBudget } from './excess.js';
import { ExecutionCheck } from './execution-check.js';
import type { Judgement, Parameter } from './gate.js';
import { encodeJudgement } from './judgement.record.js';

const principal: Principal = { id: 'corp:bot', issuer: 'corp', subject: 'bot', kind: 'agent', groups: [] };
const none: Obligations = { approvers: [], quorum: 0, mode: 'wait', waitMs: 0, waitInTransaction: false };
const email: MaskedColumn = {
  ...{ schema: 'public', table: 'customers', column: 'email', class: 'email', lookup: true },
  ...{ tableOid: 16384, attnum: 3 },
};
const byEmail = { column: email, constants: [], parameters: [1], arrayParameters: [], elementParameters: [] };
const text = (value: string): Parameter => ({ value, format: 0 });

function judged(verdict: Partial<Verdict>, more: Partial<Judgement> = {}): Judgement {
  const analysis = { text: 'SELECT 1', fingerprint: '', statements: [] };
  const whole: Verdict = {
    ...{ decision: 'allow', reason: 'read', policyIds: ['p'], obligations: none, snapshot: 's' },
    ...verdict,
  };
  return {
    ...{ analysis, verdict: whole, clean: true, results: [], returnsRows: true },
    ...{
      writes: false,
      effects: [],
      recordedText: 'SELECT 1',
      exactText: 'SELECT 1',
      tables: [],
      classes: [],
      objects: [],
    },
    ...{
      lookups: [],
      inbound: { literals: [], writes: [] },
      unknownRelations: [],
      sensitive: false,
      settled: false,
      bounded: false,
    },
    recorded: encodeJudgement(analysis, [], whole, 'SELECT 1'),
    ...more,
  };
}

function house(rules = 'rules: []') {
  const clock = new ManualClock();
  const masking = compileMasking(parseMasking(rules, 'masking.yaml'));
  const lookups = new LookupRegister(Buffer.alloc(32));
  const check = new ExecutionCheck({
    principal,
    connection: 'orders',
    lookups,
    masking: () => masking,
    clock,
  });
  return { clock, check };
}

describe('look-ups beyond their window', () => {
  const windows = { maxLookupsPer: [{ amount: 3, ms: 3_600_000 }] };
  const approvable = judged(
    { obligations: { ...none, ...windows, lookupApprovers: ['approvers'] } },
    { lookups: [byEmail] },
  );

  function look(check: ExecutionCheck, value: string, judgement = approvable) {
    return check.check(judgement, [text(value)]);
  }

  test('pass up to it, are held after it, and pass again an hour later', () => {
    const { check, clock } = house();
    for (const value of ['a', 'b', 'c', 'a']) expect(look(check, value)).toBe(approvable);
    const held = look(check, 'd').verdict;
    expect(held).toMatchObject({
      decision: 'hold',
      reason: 'it looks up more than 3 different values of masked column public.customers.email in 1 h',
      obligations: { approvers: ['approvers'], quorum: 1, mode: 'wait', waitMs: 60_000 },
    });
    expect(look(check, 'b')).toBe(approvable);
    clock.advance(3_600_000);
    expect(look(check, 'd')).toBe(approvable);
  });

  test('the record says that it was held, and why', () => {
    const { check } = house();
    for (const value of ['a', 'b', 'c']) look(check, value);
    const record = fromBinary(StatementReceivedSchema, look(check, 'd').recorded);
    expect(record).toMatchObject({ decision: 'hold', text: 'SELECT 1', policyIds: ['p'] });
    expect(record.reason).toContain('more than 3 different values');
  });

  test('what they leave used is told once, to the execution that it is about', () => {
    const { check } = house();
    const first = [text('a')];
    const second = [text('b')];
    check.check(approvable, first);
    check.check(approvable, second);
    expect(check.takeUse(approvable, second)).toEqual({ used: 2, limit: 3 });
    expect(check.takeUse(approvable, first)).toEqual({ used: 1, limit: 3 });
    expect(check.takeUse(approvable, first)).toBeUndefined();
    const literal = judged({ obligations: { ...none, ...windows } }, { lookups: [{ ...byEmail, constants: ['c'], parameters: [] }] }); // prettier-ignore
    check.check(literal, []);
    expect(check.takeUse(approvable, [])).toBeUndefined();
    expect(check.takeUse(literal, [])).toEqual({ used: 3, limit: 3 });
    const held = look(check, 'd');
    expect(check.takeUse(held, [text('d')])).toBeUndefined();
    const parameters = [text('e')];
    expect(check.takeUse(check.check(approvable, parameters), parameters)).toEqual({ used: 3, limit: 3 });
    expect(check.takeUse(judged({}), [])).toBeUndefined();
  });

  test('are refused where no policy names who may approve them', () => {
    const { check } = house();
    const alone = judged({ obligations: { ...none, ...windows } }, { lookups: [byEmail] });
    for (const value of ['a', 'b', 'c']) expect(look(check, value, alone)).toBe(alone);
    expect(look(check, 'd', alone).verdict.decision).toBe('deny');
  });

  test('two hundred an hour where no policy says a number', () => {
    const { check } = house();
    const plain = judged({}, { lookups: [byEmail] });
    for (let i = 0; i < 200; i++) expect(look(check, `v${i}`, plain)).toBe(plain);
    expect(look(check, 'one more', plain).verdict.reason).toContain('more than 200 different values');
  });

  test('count together over tables that inherit from one another', () => {
    const { check } = house();
    const of = (column: MaskedColumn) =>
      judged(
        { obligations: { ...none, maxLookupsPer: [{ amount: 2, ms: 1000 }] } },
        { lookups: [{ ...byEmail, column }] },
      );
    const parent = of(email);
    const child = of({ ...email, tableOid: 16500, attnum: 9, countedAt: { tableOid: 16384, attnum: 3 } });
    expect(check.check(parent, [text('a')]).verdict.decision).toBe('allow');
    expect(check.check(child, [text('a')]).verdict.decision).toBe('allow');
    expect(check.check(parent, [text('b')]).verdict.decision).toBe('allow');
    expect(check.check(child, [text('c')]).verdict.decision).toBe('deny');
    expect(check.check(of({ ...email, tableOid: 16501 }), [text('c')]).verdict.decision).toBe('allow');
  });

  test('what is held anyway asks both', () => {
    const { check } = house();
    for (const value of ['a', 'b', 'c']) look(check, value);
    const waiting: Obligations = { ...approvable.verdict.obligations, approvers: ['dba'], quorum: 2 };
    const write = judged(
      { decision: 'hold', reason: 'a write', obligations: { ...waiting, mode: 'retry' } },
      { lookups: [byEmail] },
    );
    expect(look(check, 'd', write).verdict).toMatchObject({
      reason: expect.stringMatching(/^a write; it looks up/) as string,
      obligations: { approvers: ['dba', 'approvers'], quorum: 2, mode: 'retry' },
    });
  });

  test('what a person approved counts, and does not open the window for another value', () => {
    const { check } = house();
    for (const value of ['a', 'b', 'c']) look(check, value);
    check.approved(approvable, [text('d')]);
    expect(look(check, 'e').verdict.decision).toBe('hold');
  });

  test('more than twenty in one statement are refused, whoever would approve', () => {
    const { check } = house();
    const array = judged({}, { lookups: [{ ...byEmail, parameters: [], arrayParameters: [1] }] });
    const values = (count: number) => text(`{${Array.from({ length: count }, (_, i) => i).join()}}`);
    expect(check.check(array, [values(21)]).verdict).toMatchObject({
      decision: 'deny',
      reason: 'it compares 21 values with masked columns; 20 a statement may be looked up',
    });
    expect(check.check(array, [values(20)])).toBe(array);
  });
});

describe('what may not be sent', () => {
  test('a parameter of a denied class is refused, and no parameter is recorded', () => {
    const { check } = house('rules: []\ninbound: { card: deny }');
    const plain = judged({});
    expect(check.check(plain, [text('4111111111111111')])).toMatchObject({
      verdict: { decision: 'deny', reason: 'it carries a value of class card, which may not be sent' },
      clean: false,
    });
    expect(check.check(plain, [text('4111111111111112')])).toBe(plain);
  });

  test('a mask as a parameter that is written to its column is refused', () => {
    const { check } = house();
    const write = judged(
      {},
      {
        inbound: { literals: [], writes: [{ column: email, literals: [], parameters: [2] }] },
      },
    );
    expect(check.check(write, [text('7'), text('d***@example.com')]).verdict).toMatchObject({
      decision: 'deny',
      reason: expect.stringContaining('public.customers.email') as string,
    });
    expect(check.check(write, [text('****'), text('deniz@example.com')])).toBe(write);
  });
});

describe('the rest of a result', () => {
  const onExcess = { approvers: ['dba'], quorum: 2 };

  test('is asked for with ten times the bounds, once, in no window', () => {
    const read = judged({
      obligations: { ...none, maxRows: 100, maxRowsPer: [{ amount: 50, ms: 1000 }], maxBytes: 7, onExcess },
    });
    const beyond = beyondBudget(read);
    expect(beyond).toMatchObject({ excess: true, verdict: { decision: 'hold' } });
    expect(beyond?.verdict.obligations).toEqual({
      ...none,
      ...{ maxRows: 500, maxBytes: 70, approvers: ['dba'], quorum: 2, mode: 'retry' },
    });
    expect(beyond?.verdict.reason).toBe(
      'its result is larger than its budget; approved, it may give up to 500 rows and 70 bytes',
    );
    expect(beyondBudget(read)).toBe(beyond);
  });

  test('is not where no policy says so, nor of what is held already', () => {
    expect(beyondBudget(judged({ obligations: { ...none, maxRows: 100 } }))).toBeUndefined();
    const held = judged({ decision: 'hold', obligations: { ...none, maxRows: 100, onExcess } });
    expect(beyondBudget(held)).toBeUndefined();
  });
});
