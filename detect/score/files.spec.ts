import { describe, expect, it } from 'vitest';
import { eventsOf } from '../../services/audit/history/event.lines.js';
import type { HistoryEvent } from '../../services/audit/history/history.event.js';
import { labelsOf } from '../../services/audit/history/label.lines.js';
import { eventLine, labelHeader, labelLine, simulate, type Incident } from '../simulator/index.js';

const plan = { perHundredAgentWeeks: 100, quietDays: 7 };
const start = Date.UTC(2026, 0, 5);
const simulation = simulate({ seed: 3, agents: 4, weeks: 3, start, links: false, incidents: plan });
const events = [...simulation];

// oxlint-disable-next-line require-await -- a file's lines come so
async function* numbered(lines: readonly string[]) {
  for (const [i, text] of lines.entries()) yield { number: i + 1, text, read: 0 };
}

async function read(lines: readonly string[]) {
  const malformed: string[] = [];
  const all: HistoryEvent[] = [];
  for await (const event of eventsOf(numbered(lines), (line, reason) => malformed.push(`${line}: ${reason}`)))
    all.push(event);
  return { all, malformed };
}

describe('events.ndjson', () => {
  it('gives the events that it was written from', async () => {
    const some = events.slice(0, 3000);
    const { all, malformed } = await read(some.map(eventLine));
    expect(malformed).toEqual([]);
    expect(all.map(eventLine)).toEqual(some.map(eventLine));
    expect(all.map(({ loggedAt }) => loggedAt)).toEqual(some.map(({ loggedAt }) => loggedAt));
  });

  it('names the line that is malformed, and loads the others', async () => {
    const line = eventLine(events.find(({ topic }) => topic === 'weir.session.v1')!);
    const bad = [
      '{"topic":',
      '[]',
      line.replace('weir.session.v1', 'weir.other.v1'),
      line.replace(/"time":"[^"]*"/, '"time":"yesterday"'),
      line.replace(/"time":"....-..-../, '"time":"2026-13-41'),
      line.replace(/"seq":\d+,/, ''),
      line.replace(/weir\.events\.v1\.\w+/, 'weir.events.v1.Nothing'),
      line.replace('"data":{', '"data":{"unheard":1,'),
    ];
    const { all, malformed } = await read([line, ...bad, '', line]);
    expect(all).toHaveLength(2);
    expect(malformed.map((each) => Number(each.split(':')[0]))).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    expect(malformed[5]).toContain('seq: expected one on weir.session.v1');
  });
});

describe('labels.csv', () => {
  const lines = simulation.incidents.map(labelLine);

  it('gives the incidents that it was written from', () => {
    expect(lines.length).toBeGreaterThan(2);
    const read = labelsOf([labelHeader, ...lines, ''].join('\n'), () => expect.unreachable());
    expect(read.map(({ incident }) => labelLine(incident as Incident))).toEqual(lines);
  });

  it('takes quotes, and line ends of any kind', () => {
    const row =
      'inc-1,bulk-read,plain,3,times,"corp:a ""b"", c",crm,2026-01-20T01:00:00.000Z,2026-01-20T02:00:00Z,ses_1 ses_2,,"a.b"';
    const [one] = labelsOf(`${labelHeader}\r\n${row}\r\n`, () => expect.unreachable());
    expect(one?.incident).toMatchObject({
      identity: 'corp:a "b", c',
      sessionIds: ['ses_1', 'ses_2'],
      statementIds: [],
      tables: ['a.b'],
    });
  });

  it('names the line that is malformed, and loads the others', () => {
    const malformed: number[] = [];
    const first = lines[0] ?? '';
    const bad = [first.replace(/plain|stealthy/, 'odd'), 'inc-9,"open', 'inc-9', first.replaceAll('Z', '')];
    const read = labelsOf([labelHeader, first, ...bad, first].join('\n'), (line) => malformed.push(line));
    expect(read).toHaveLength(2);
    expect(malformed).toEqual([3, 4, 5, 6]);
    expect(() => labelsOf('id,kind\n', () => undefined)).toThrow('the header has no form');
  });
});
