import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  decodeEnvelope,
  encodeEnvelope,
  genesis,
  linkEnvelope,
  payload,
  StatementReceivedSchema,
  type ChainHead,
} from '#events';
import { aSession, ProofStage } from './proof.stage.js';

let stage: ProofStage;
beforeEach(async () => {
  stage = await ProofStage.open();
});
afterEach(() => stage.close());

const anchored = ['--against', 'outside/checkpoints', '--key', 'proof/keys'];
const rows = 'weir.session_event_rows';
const at = (seq: number, session = 'ses_1') => `session_id = '${session}' AND seq = ${seq}`;
const rawOf = (raw: Uint8Array) => `base64Decode('${Buffer.from(raw).toString('base64')}')`;

/** The event with another text, hash and all as they were. */
function withText(raw: Uint8Array, text: string): Uint8Array {
  const envelope = decodeEnvelope(raw);
  const message = payload(StatementReceivedSchema, envelope)!;
  envelope.data = toBinary(StatementReceivedSchema, create(StatementReceivedSchema, { ...message, text }));
  return encodeEnvelope(envelope);
}

describe('weir verify of an honest record', () => {
  it('finds nothing, before it is covered and after, and after a restart', async () => {
    await stage.append([...aSession('ses_1'), ...aSession('ses_2', { ended: false })]);
    const early = await stage.weir('verify', '--session', 'ses_1');
    expect(early).toMatchObject({ code: 0, err: [] });
    expect(early.out).toEqual([
      'keys: those that the gate names; pin them with --key',
      expect.stringMatching(/^unanchored: /),
      '1 sessions, 10 events, 0 control events: nothing found; 10 events are younger than the last checkpoint',
    ]);
    await stage.cover();
    const all = [expect.stringMatching(/^2 sessions, 19 events, \d control events: nothing found$/)];
    expect((await stage.weir('verify', ...anchored)).out).toEqual(all);
    await stage.restart();
    expect((await stage.weir('verify', ...anchored)).out).toEqual(all);
    await stage.append(aSession('ses_3'));
    await stage.cover();
    expect(await stage.weir('verify', ...anchored)).toMatchObject({ code: 0 });
    expect(await stage.weir('verify', '--since', '1h', ...anchored)).toMatchObject({ code: 0 });
  });
});

describe('weir verify', () => {
  it('finds a changed text, in the bytes and in the column', async () => {
    const raw = await stage.append(aSession('ses_1'));
    const other = withText(raw[1]!, 'select 1');
    await stage.tamper(`ALTER TABLE ${rows} UPDATE raw = ${rawOf(other)}, text = 'select 1' WHERE ${at(2)}`);
    await expect(found()).resolves.toEqual([
      'changed text: session ses_1 seq 2: its bytes are not those of its hash',
    ]);
  });

  it.each([
    ['text', "'select 1'", '"select 1"'],
    ['decision', "'deny'", '"deny"'],
    ['max_rows', '7', '"7"'],
    ['parameters', "['8', NULL]", '["8",null]'],
    ['tables_read', '[]', '[]'],
    ['identity', "'corp:other'", '"corp:other"'],
    ['payload', "'{}'", '"{}"'],
    ['hash', "''", '""'],
    ['time', "toDateTime64('2026-01-01', 6, 'UTC')", '"2026-01-01 00:00:00.000000"'],
  ])('finds a changed column %s', async (column, value, said) => {
    await stage.append(aSession('ses_1'));
    await stage.tamper(`ALTER TABLE ${rows} UPDATE ${column} = ${value} WHERE ${at(2)}`);
    const [only, ...rest] = await found();
    expect(rest).toEqual([]);
    expect(only).toContain(`changed column ${column}: session ses_1 seq 2: it says ${said}, its event `);
  });

  it('finds a deleted row', async () => {
    await stage.append(aSession('ses_1'));
    await stage.tamper(`ALTER TABLE ${rows} DELETE WHERE ${at(4)}`);
    await expect(found()).resolves.toEqual(['deleted row: session ses_1 seq 4: it is not in the store']);
  });

  it.each([2, 8])('finds a swapped pair, seq 6 and %i', async (seq) => {
    const raw = await stage.append(aSession('ses_1'));
    const swapped = `multiIf(seq = ${seq}, ${rawOf(raw[5]!)}, seq = 6, ${rawOf(raw[seq - 1]!)}, raw)`;
    await stage.tamper(`ALTER TABLE ${rows} UPDATE raw = ${swapped} WHERE session_id = 'ses_1'`);
    const [a, b] = [Math.min(seq, 6), Math.max(seq, 6)];
    await expect(found()).resolves.toEqual([
      `swapped: session ses_1 seq ${a}: seq ${a} and seq ${b} hold each other's event`,
    ]);
  });

  it('finds the truncated tail of a session, and one that is gone as a whole', async () => {
    await stage.append([...aSession('ses_1'), ...aSession('ses_2')]);
    await stage.cover();
    await stage.tamper(`ALTER TABLE ${rows} DELETE WHERE session_id = 'ses_1' AND seq > 7`);
    await stage.tamper(`ALTER TABLE ${rows} DELETE WHERE session_id = 'ses_2'`);
    await expect(found()).resolves.toEqual([
      'truncated tail: session ses_1 seq 8 to 10: the tree has events up to seq 10, the store up to 7',
      'truncated tail: session ses_2 seq 1 to 10: the tree has events up to seq 10, the store up to 0',
    ]);
  });

  it('finds a chain that was hashed anew from the changed text on', async () => {
    const raw = await stage.append(aSession('ses_1'));
    await stage.cover();
    let head: ChainHead = genesis;
    const updates = raw.map((bytes, i) => {
      const envelope = decodeEnvelope(i === 1 ? withText(bytes, 'select 1') : bytes);
      head = linkEnvelope(envelope, head);
      return [i + 1, encodeEnvelope(envelope), Buffer.from(head.hash).toString('hex')] as const;
    });
    const pick = (of: (update: (typeof updates)[number]) => string) =>
      `multiIf(${updates.map((each) => `seq = ${each[0]}, ${of(each)}`).join(', ')}, '')`;
    const changes = `raw = ${pick((each) => rawOf(each[1]))}, hash = ${pick((each) => `'${each[2]}'`)}`;
    await stage.tamper(`ALTER TABLE ${rows} UPDATE ${changes} WHERE session_id = 'ses_1'`);
    await stage.tamper(
      `ALTER TABLE ${rows} UPDATE text = 'select 1', payload = replace(payload, 'select email from customers', 'select 1') WHERE ${at(2)}`,
    );
    await expect(found()).resolves.toEqual([
      "changed text: session ses_1 seq 1 to 10: the chain's hash after seq 10 is not the one in the tree",
    ]);
  });
});

/** What is found, without what is said of keys and sinks, and how much it was. */
async function found(): Promise<string[]> {
  const { code, out, err } = await stage.weir('verify');
  expect([code, err]).toEqual([1, []]);
  expect(out.at(-1)).toMatch(/\d+ found/);
  return out.slice(2, -1);
}
