import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeEnvelope, encodeEnvelope, payload, StatementReceivedSchema } from '#events';
import { create, toBinary } from '@bufbuild/protobuf';
import { aSession, ProofStage } from './proof.stage.js';

let stage: ProofStage;
beforeEach(async () => {
  stage = await ProofStage.open();
});
afterEach(() => stage.close());

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

describe('weir verify of a session', () => {
  it('finds nothing in an honest one, open or ended', async () => {
    await stage.append([...aSession('ses_1'), ...aSession('ses_2', { ended: false })]);
    expect(await stage.weir('verify', '--session', 'ses_1')).toMatchObject({ code: 0, err: [] });
    expect(await stage.weir('verify')).toMatchObject({ code: 0, err: [] });
  });

  it('finds a changed text, in the bytes and in the column', async () => {
    const raw = await stage.append(aSession('ses_1'));
    const other = withText(raw[1]!, 'select 1');
    await stage.tamper(`ALTER TABLE ${rows} UPDATE raw = ${rawOf(other)}, text = 'select 1' WHERE ${at(2)}`);
    const { code, out } = await stage.weir('verify', '--session', 'ses_1');
    expect(code).toBe(1);
    expect(out.slice(0, -1)).toEqual([
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
    const { code, out } = await stage.weir('verify');
    expect([code, out.length]).toEqual([1, 2]);
    expect(out[0]).toContain(`changed column ${column}: session ses_1 seq 2: it says ${said}, its event `);
  });

  it('finds a deleted row', async () => {
    await stage.append(aSession('ses_1'));
    await stage.tamper(`ALTER TABLE ${rows} DELETE WHERE ${at(4)}`);
    const { code, out } = await stage.weir('verify');
    expect(code).toBe(1);
    expect(out.slice(0, -1)).toEqual(['deleted row: session ses_1 seq 4: it is not in the store']);
  });

  it.each([2, 8])('finds a swapped pair, seq 6 and %i', async (seq) => {
    const raw = await stage.append(aSession('ses_1'));
    const swapped = `multiIf(seq = ${seq}, ${rawOf(raw[5]!)}, seq = 6, ${rawOf(raw[seq - 1]!)}, raw)`;
    await stage.tamper(`ALTER TABLE ${rows} UPDATE raw = ${swapped} WHERE session_id = 'ses_1'`);
    const { code, out } = await stage.weir('verify');
    const [a, b] = [Math.min(seq, 6), Math.max(seq, 6)];
    expect(code).toBe(1);
    expect(out.slice(0, -1)).toEqual([
      `swapped: session ses_1 seq ${a}: seq ${a} and seq ${b} hold each other's event`,
    ]);
  });
});
