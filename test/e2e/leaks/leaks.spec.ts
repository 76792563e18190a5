import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peer } from '../../support/peers.js';
import { scripts } from './attacks/scripts.js';
import { forColumn, templates } from './attacks/templates.js';
import { texts } from './attacks/texts.js';
import { wireAttacks } from './attacks/wire.js';
import { protocols, type Protocol } from './attacker.js';
import { harmDone } from './destruction.js';
import { functionCalls } from './functions.js';
import { limits, wrong } from './known.js';
import { searchRecords } from './records.js';
import { Robbery, type Finding, type Haul } from './robbery.js';
import { maskedColumns } from './secrets.js';
import { TheftStage } from './theft.stage.js';
import { withAdmin } from './vault.js';

// Everything is permitted here but to see what is masked; see theft.stage.ts.

describe.skipIf(!peer('postgres'))('what is masked (invariants 2, 5 and 11)', () => {
  let stage: TheftStage;
  beforeAll(async () => void (stage = await TheftStage.build()), 240_000);
  afterAll(() => stage?.down());
  const inTurn = (at: number): readonly Protocol[] => [protocols[at % protocols.length]!];

  async function rob(work: (robbery: Robbery) => Promise<void>): Promise<Haul> {
    const robbery = new Robbery(stage);
    await work(robbery);
    const { findings, ...numbers } = robbery.haul;
    if (process.env['WEIR_LEAKS']) console.log(JSON.stringify(numbers), JSON.stringify(findings, null, 1));
    return robbery.haul;
  }

  it('cannot be had by a statement about one column', async () => {
    // An e-mail address, and another column that changes with the protocol from one way to the next: test/long has all.
    const asks = ['', 'email'].flatMap((column) =>
      templates.map((template, at) => ({
        text: forColumn(template, column || maskedColumns[at % maskedColumns.length]!),
      })),
    );
    const { findings, attempts } = await rob((robbery) => robbery.texts(asks, inTurn));
    expect(attempts).toBeGreaterThan(1500);
    expect(findings).toEqual([]);
  }, 240_000);

  it('cannot be had from rows, views, catalogs, errors or code', async () => {
    const asks = texts.filter((text) => !isKnown(text)).map((text) => ({ text }));
    expect((await rob((robbery) => robbery.texts(asks))).findings).toEqual([]);
  }, 240_000);

  it('cannot be had by several statements of a session', async () => {
    const unknown = scripts.filter(({ name }) => !isKnown(name));
    expect((await rob((robbery) => robbery.scripts(unknown))).findings).toEqual([]);
  }, 240_000);

  it('cannot be had by the bytes of the protocol', async () => {
    // What an owner changes takes a second to show: those by one protocol each, here.
    const { findings } = await rob((robbery) =>
      robbery.wire(wireAttacks, (at) => (wireAttacks[at]!.after === undefined ? protocols : inTurn(at))),
    );
    expect(findings).toEqual([]);
  }, 240_000);

  it("cannot be had by any of the server's own functions", async () => {
    const calls = await withAdmin(stage.postgres, 'vault_a', (admin) => functionCalls(admin, false));
    const { findings, attempts } = await rob((robbery) => robbery.texts(calls, inTurn));
    expect(attempts).toBeGreaterThan(1000);
    expect(findings).toEqual([]);
  }, 240_000);

  const isKnown = (name: string) => limits.has(name) || wrong.has(name);
  const attacksOf = (findings: readonly Finding[]) =>
    [...new Set(findings.map(({ attack }) => attack))].sort();
  it('stays where it is, as does all the rest, where an agent may only read', async () => {
    const done = await harmDone(stage);
    expect(done).toEqual([]);
  }, 240_000);

  it('is in no record of all this: not for approvers, not for auditors, not on disk', async () => {
    const { leaks, events, files } = await searchRecords(stage);
    expect(leaks.slice(0, 5)).toEqual([]);
    expect(events).toBeGreaterThan(1000);
    expect(files).toBeGreaterThan(10);
  }, 240_000);

  // After the records, which hold what a client saw.
  it('gets through where known.ts says so: what no longer does is taken off the list', async () => {
    const { findings } = await rob(async (robbery) => {
      await robbery.texts(texts.filter(isKnown).map((text) => ({ text })));
      await robbery.scripts(scripts.filter(({ name }) => isKnown(name)));
    });
    expect(attacksOf(findings)).toEqual([...limits.keys(), ...wrong.keys()].sort());
  }, 240_000);

  it('is found where a leak is planted, in each of its shapes', async () => {
    const shapes = [
      'select notes from people', 'select upper(notes) from people', 'select reverse(notes) from people',
      `select encode(notes::bytea, 'hex') from people`, `select encode(notes::bytea, 'base64') from people`,
      `select encode(('x' || notes)::bytea, 'base64') from people`, `select encode(('xx' || notes)::bytea, 'base64') from people`,
      'select notes::bytea from people', 'select substr(notes, 5, 6) from people where id = 1',
      `select regexp_replace(encode(notes::bytea, 'hex'), '(..)', '%\\1', 'g') from people`,
      'select notes::int from people', 'select salary from people', 'select born from people', 'select big from people',
      'select level from people', 'select ident from people', 'select score from people', 'select seen from people',
      'copy (select notes from people) to stdout', 'copy (select salary, big from people) to stdout (format binary)',
    ]; // prettier-ignore
    const robbery = new Robbery(stage, ['planted-a', 'planted-b']);
    await robbery.texts(shapes.map((text) => ({ text })));
    const found = robbery.haul.findings.filter(({ what }) => what === 'leak');
    // An error keeps its value to itself; copy in binary is the same by every protocol.
    const expected = shapes.filter((text) => !text.includes('::int'));
    for (const protocol of protocols)
      expect(attacksOf(found.filter((each) => each.protocol === protocol))).toEqual([...expected].sort());
  }, 120_000);

  it('is found where an answer depends on it', async () => {
    const oracles = [
      'select id from people where salary > 8300000', 'select id from people order by born', 'select count(distinct notes) from people',
      'select person_id from wages where salary % 2 = 0', 'explain (analyze, timing off, summary off) select id from people where level > 400000000',
      'select 1 / (case when level > 400000000 then 0 else 1 end) from people where id = 1', 'update people set city = city where level > 400000000',
    ]; // prettier-ignore
    const robbery = new Robbery(stage, ['planted-a', 'planted-b']);
    await robbery.texts(oracles.map((text) => ({ text })));
    const found = attacksOf(robbery.haul.findings.filter(({ what }) => what === 'oracle'));
    expect(found).toEqual(
      [...oracles].filter((text) => text !== 'select count(distinct notes) from people').sort(),
    );
  }, 120_000);

  it('is found in the records of what was planted', async () => {
    const { leaks } = await searchRecords(stage);
    for (const place of ['session_events', 'replay, sessions, log', '/journal/', '/log/'])
      expect(leaks.join()).toContain(place);
  }, 240_000);
});
