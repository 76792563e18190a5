import { describe, expect, it } from 'vitest';
import type { Judgement } from '../gate/gate.js';
import { estimateQuestion, startupSettings } from './estimate-question.js';
import type { SessionParts } from './session-parts.js';

const own = ['count', 'lower'];
const parts = (over: object = {}) =>
  ({
    namespace: {
      current: () => ({ namesFor: () => ({ isBuiltinFunction: (name: string) => own.includes(name) }) }),
      ...{ mayRevert: false, path: ['pg_catalog', 'public'], ...over },
    },
  }) as unknown as SessionParts;

const judged = (...statements: object[]) => {
  const whole = statements.map((each) => ({ kind: 'select', functions: [], accesses: [], ...each }));
  return { analysis: { text: 'SELECT 1', statements: whole } } as unknown as Judgement;
};
const ask = (judgement: Judgement, over: object = {}) => estimateQuestion(parts(over), judgement, undefined);

describe('a target’s planner is asked', () => {
  it.each(['select', 'insert', 'update', 'delete', 'merge'])('about %s', (kind) =>
    expect(ask(judged({ kind, functions: ['lower'] }))).toEqual({
      text: 'SELECT 1',
      types: [],
      parameters: [],
    }),
  );

  it.each<[string, Judgement, object]>([
    ['there is no statement', judged(), {}],
    ['it is several statements', judged({}, {}), {}],
    ['execute has no plan to ask for', judged({ kind: 'execute' }), {}],
    ['explain has no plan to ask for', judged({ kind: 'explain' }), {}],
    ['create table as has no plan to ask for', judged({ kind: 'create table as' }), {}],
    ['it calls functions that planning could run', judged({ functions: ['count', 'spy'] }), {}],
    ['it calls functions that planning could run', judged({ accesses: [{ action: 'sql:code' }] }), {}],
    ['its transaction has changed what names mean', judged({}), { mayRevert: true }],
    ['the search_path of its session is not known', judged({}), { path: 'unknown' }],
    ['its session has temporary tables', judged({}), { path: ['pg_temp_3', 'public'] }],
  ])('or not: %s', (reason, judgement, over) => expect(ask(judgement, over)).toBe(reason));

  it('nor about what is too long', () => {
    const portal = {
      parameters: [{ value: 'x'.repeat(1024 * 1024), format: 0 }],
      prepared: { parameterTypes: [] },
    } as never;
    expect(estimateQuestion(parts(), judged({}), portal)).toBe('it is too long');
  });
});

describe('settings of a session that can’t be asked', () => {
  it('are those of its start that matter, and the schemas in which it looks', () => {
    const pairs = JSON.stringify([
      ['TimeZone', 'UTC'],
      ['search_path', 'ignored'],
      ['statement_timeout', '0'],
    ]);
    expect([...startupSettings(pairs, ['pg_catalog', 'a"b'])]).toEqual([
      ['TimeZone', 'UTC'],
      ['search_path', '"pg_catalog", "a""b"'],
    ]);
  });
});
