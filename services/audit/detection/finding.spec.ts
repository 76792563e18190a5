import { describe, expect, it } from 'vitest';
import { decodeEnvelope, FindingRaisedSchema, payload } from '#events';
import { ManualClock } from '#kernel';
import type { Detector } from './detector.check.js';
import { findingEvent, findingOf, type FindingRow } from './finding.js';

const detector: Detector = {
  ...{ id: 'bulk-read', title: 'Much', severity: 'high', technique: 'T1530', schedule: 'stream' },
  ...{ learning: 0, parameters: {}, risk: 'high', riskFor: 24, explain: '{rows} rows of {subject}' },
  ...{ file: 'bulk-read.sql', version: 'aa', sql: '', sqlLine: 8, checked: '', columns: new Map() },
};
const row: FindingRow = {
  ...{ identity: 'corp:bot', on_behalf_of: '', connection: 'shop', subject: 'public.customers' },
  ...{ window_start: '2026-10-14 10:00:00.000000', window_end: '2026-10-14 11:00:00.000000' },
  ...{ sessions: Array.from({ length: 30 }, (_, i) => `ses_${i}`), statements: ['stm_1'], rows: 7 },
};
const idOf = (own: Partial<FindingRow>, by: Partial<Detector> = {}) =>
  findingOf({ ...detector, ...by }, { ...row, ...own } as FindingRow, 'UTC').id;

describe('a finding', () => {
  it('is the same one for the same detector, version, subject and window, whatever was measured', () => {
    expect(idOf({})).toMatch(/^fnd_[0-9a-f]{32}$/);
    expect(idOf({ rows: 8, sessions: ['ses_9'], on_behalf_of: 'corp:ana' })).toBe(idOf({}));
  });

  it.each<[string, Partial<FindingRow>, Partial<Detector>]>([
    ['identity', { identity: 'corp:eve' }, {}],
    ['connection', { connection: 'crm' }, {}],
    ['subject', { subject: 'public.orders' }, {}],
    ['window', { window_start: '2026-10-14 09:00:00.000000' }, {}],
    ['detector', {}, { id: 'another' }],
    ['version', {}, { version: 'bb' }],
    ['border between two of them', { connection: '', subject: 'shop' }, {}],
  ])('is another one with another %s', (_, own, by) => expect(idOf(own, by)).not.toBe(idOf({})));

  it('is an event with the same id, and risk from the end of its window on', () => {
    const clock = new ManualClock(Date.UTC(2026, 9, 20));
    const finding = findingOf(detector, row, 'UTC');
    const envelope = decodeEnvelope(findingEvent(finding, { source: 'audit/1', clock }));
    expect(envelope).toMatchObject({ id: finding.id, subject: 'corp:bot', source: 'audit/1' });
    const event = payload(FindingRaisedSchema, envelope);
    expect(event).toMatchObject({
      findingId: finding.id,
      evidence: '7 rows of public.customers',
      measures: { rows: 7 },
    });
    expect(event?.sessionIds).toHaveLength(20);
    expect(event?.riskUntilUs).toBe(BigInt(Date.UTC(2026, 9, 15, 11)) * 1000n);
  });

  it('fits into an event, however long what it is about is', () => {
    const long = {
      subject: 'x'.repeat(10_000_000),
      sessions: Array(1000).fill('s'.repeat(10_000)) as string[],
    };
    const { row: cut, id } = findingOf(detector, { ...row, ...long } as FindingRow, 'UTC');
    expect([cut.subject.length, cut.sessions.length, cut.sessions[0]?.length]).toEqual([512, 20, 100]);
    expect(id).not.toBe(idOf({ subject: 'x'.repeat(512) }));
  });

  it('that is raised before its window is over says that there may be more', () => {
    const event = (at: number) =>
      payload(
        FindingRaisedSchema,
        decodeEnvelope(
          findingEvent(findingOf(detector, row, 'UTC'), { source: 'audit/1', clock: new ManualClock(at) }),
        ),
      );
    const end = Date.UTC(2026, 9, 14, 11);
    expect(event(end - 1)?.evidence).toBe('7 rows of public.customers; so far, as its window was not over');
    expect(event(end)?.evidence).toBe('7 rows of public.customers');
  });

  it('that is about nobody has a key all the same', () => {
    const finding = findingOf(detector, { ...row, identity: '' }, 'UTC');
    const envelope = decodeEnvelope(findingEvent(finding, { source: 'audit/1', clock: new ManualClock() }));
    expect(envelope.subject).toBe('-');
  });
});
