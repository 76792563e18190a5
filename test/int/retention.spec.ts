import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { topics } from '#events';
import { RetentionService } from '../../services/audit/retention/retention.service.js';
import { aSession, ProofStage } from './proof.stage.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const day = 86_400_000;
const anchored = ['--against', 'outside/checkpoints', '--key', 'proof/keys'];
const rows = 'weir.session_event_rows';

/** The system's, as many days ago as it is told: ids and tokens go by the true one. */
class PastClock {
  daysAgo = 40;

  now(): number {
    return Date.now() - this.daysAgo * day;
  }
}

let clock: PastClock;
let stage: ProofStage;
beforeEach(async () => {
  clock = new PastClock();
  const yaml = `audit:
  proof: { interval: 50, sink: "file:outside/checkpoints" }
  retention: { sessions: 30 }`;
  stage = await ProofStage.open(yaml, undefined, clock);
});
afterEach(() => stage.close());

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

describe('retention', () => {
  it('erases what is too old, says so on the log, and the record is proven all the same', async () => {
    await oldAndNew();
    expect(await verify()).toMatchObject({ code: 0 });
    await erase();
    expect(await verify()).toEqual({
      code: 0,
      err: [],
      out: [
        expect.stringMatching(
          /^expired: 20 events of 2 sessions by rule sessions, 30 days, on \d{4}-\d\d-\d\d \(era_[0-9a-f]{32}, audit\/proof-test\)$/,
        ),
        expect.stringMatching(/^3 sessions, 10 events, \d control events: nothing found$/),
      ],
    });
    for (const table of [rows, 'weir.session_summary_rows', 'weir.statements', 'weir.sessions'])
      expect(await count(`${table} WHERE session_id LIKE 'ses_old%'`)).toBe(0);
    expect(await count(`${rows} WHERE session_id = 'ses_new'`)).toBe(10);
    const left = await stage.log.read({ topic: topics.session, partition: 0, offset: -1 }, 100);
    expect(left.map(({ envelope }) => envelope.subject)).toEqual(Array(10).fill('ses_new'));
  });
});
