import { describe, expect, it } from 'vitest';
import type { EventLog } from '#event-log';
import { AppError, ManualClock, newId, type Principal } from '#kernel';
import type { IngestService } from '../ingest/ingest.service.js';
import { SessionEnding } from './session.ending.js';
import type { SessionReads } from './session.reads.js';

const by: Principal = { id: 'corp:sec', issuer: 'corp', subject: 'sec', kind: 'person', groups: [] };
const id = newId('ses');

/** The store knows no session; `isBehind`: nor what else stands in the log. */
function ending(isBehind: boolean): { ending: SessionEnding; said: number } {
  const fixture = { said: 0 };
  const end = { topic: 'weir.session.v1', partition: 0, offset: 9 };
  const log = {
    end: async () => [end],
    append: async () => [{ ...end, offset: ++fixture.said }],
  } as unknown as EventLog;
  const reads = {
    get: () => Promise.reject(new AppError('NOT_FOUND', 'there is no such session')),
  } as unknown as SessionReads;
  const ingest = { caughtUp: async () => !isBehind } as unknown as IngestService;
  return Object.assign(fixture, { ending: new SessionEnding(reads, ingest, log, new ManualClock(), 'spec') });
}

describe('ending a session that the store does not know', () => {
  it('is said all the same while the store is behind: who floods it does not hide in it', async () => {
    const fixture = ending(true);
    await fixture.ending.end(id, { reason: 'odd', by });
    expect(fixture.said).toBe(1);
  });

  it.each<[string, boolean, string]>([
    ['where the store has all', false, id],
    ['where it is no id of a session', true, 'ses_x'],
  ])('is refused %s', async (_, isBehind, session) => {
    const fixture = ending(isBehind);
    await expect(fixture.ending.end(session, { reason: 'odd', by })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(fixture.said).toBe(0);
  });
});
