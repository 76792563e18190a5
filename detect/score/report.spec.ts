import { describe, expect, it } from 'vitest';
import type { Judged } from '../../services/audit/history/alarms.js';
import type { Incident } from '../../services/audit/history/incident.js';
import { headingOf } from './heading.js';
import { report } from './report.js';
import type { SeedRun } from './seed.run.js';

const hour = 3_600_000;
let next = 0;

const incident = (form: Incident['form'], kind = 'bulk-read', magnitude = 5): Incident => ({
  ...{ id: `inc-${++next}`, kind, form, magnitude, identity: `corp:${next}`, connection: 'crm' },
  ...{ from: 0, to: hour, sessionIds: [], statementIds: [], tables: [] },
});

const finding = (detector: string, ...incidents: Incident[]): Judged => ({
  ...{
    id: `fnd_${++next}`,
    detector,
    severity: 'high',
    identity: `corp:f${next}`,
    connection: '',
    subject: '',
  },
  ...{
    evidence: '',
    windowStart: 0,
    windowEnd: hour,
    knownAt: hour,
    links: new Set(),
    isCut: false,
    incidents,
  },
});

function run(findings: readonly Judged[], incidents: readonly Incident[]): SeedRun {
  return {
    ...{ seed: 'abc-1', events: 0, agentWeeks: 100, measuredFrom: 0, hours: [], failures: new Map() },
    ...{ detectors: ['sure', 'noisy'], findings, incidents },
  };
}

const plain = Array.from({ length: 18 }, () => incident('plain'));
const stealthy = [incident('stealthy'), incident('stealthy', 'honeytoken', 400)];
const all = [...plain, ...stealthy];
const found = [...plain, stealthy[0]!].map((each) => finding('sure', each));
const quiet = run(found, all);
const loud = run([...found, finding('noisy', stealthy[1]!), finding('noisy'), finding('noisy')], all);

const textOf = (reporting: SeedRun, tuning = reporting) =>
  report({ heading: 'What was run', tuning: [tuning], reporting: [reporting] });
const rowOf = (text: string, name: string) =>
  text.split('\n').find((line) => line.startsWith(`| ${name}`)) ?? '';

describe('the report', () => {
  it('begins with what was run and the answer to what is asked, as shipped where that is within the budget', () => {
    const text = textOf(quiet);
    expect(text.startsWith('What was run\n\n| asked |')).toBe(true);
    const answer = rowOf(text, 'recall at least 0.9 at the budget; stealthy forms apart');
    expect(answer).toContain('| **yes**, as shipped; 0.9 is within the interval | 1.00 (0.82–1.00) |');
    expect(answer).toContain('| 1.00 (0.82–1.00) | 0.50 (0.09–0.91) | 0.95 (');
    expect(answer).toContain(') | 0.00 (0.00–');
    expect(text).toContain(
      'of 100 incidents 100 are found where nobody hides them, 50 where they are spread',
    );
  });

  it('says no where too little is found, or only with more false alarms than the budget has', () => {
    expect(rowOf(textOf(run([], all)), 'recall at least')).toContain('| **no**, as shipped | 0.00 (');
    const tunedQuietly = textOf(loud, quiet);
    expect(rowOf(tunedQuietly, 'recall at least')).toContain(
      '| **no**, with the detectors that are listened to',
    );
    expect(rowOf(textOf(loud), 'recall at least')).toContain(
      '| **yes**, with the detectors that are listened to',
    );
  });

  it('has the shipped set first, by form, then the budget, each kind held out, and the naive baselines', () => {
    const text = textOf(loud);
    const names = text.split('\n').flatMap((line) => /^\| ((?:as |at |naive)[^|]*) \|/.exec(line)?.[1] ?? []);
    expect(names).toEqual([
      ...['as shipped', 'as shipped, plain forms', 'as shipped, stealthy forms'],
      ...['at the budget (silent: noisy)', 'at the budget, plain forms', 'at the budget, stealthy forms'],
      ...['at the budget, each kind held out', 'naive: fixed threshold', 'naive: z-score'],
    ]);
    expect(rowOf(text, 'as shipped |')).toMatch(
      /\| 1\.00 \(.*\) \| 2\.00 \(.*\) \| 0\.33 \| 0\.60 \| 0\.83 \| 0\.94 \| 1\.0 h/,
    );
    expect(rowOf(text, 'at the budget (')).toMatch(/\| 0\.95 \(.*\) \| 0\.00 \(/);
  });

  it('tells magnitudes, kinds and detectors apart', () => {
    const text = textOf(loud);
    expect(rowOf(text, 'least')).toContain('| 1.00 (0.83–1.00) |');
    expect(rowOf(text, 'honeytoken | stealthy | 1')).toContain('400: 1.00 rows | 0.00 (');
    expect(rowOf(text, 'noisy | 3 | 2')).toContain(
      '| silent | 0.05 (0.01–0.24) | 1 | honeytoken stealthy 1.00 |',
    );
  });
});

describe('its heading', () => {
  it('says the command, the commit that seeds derive from, and how much was measured', () => {
    const fleet = { agents: 200, weeks: 8, incidents: 30 };
    const commit = 'abcdef0123456789';
    const reporting = [quiet, quiet].map((each) => ({ ...each, agentWeeks: 1000 }));
    const made = { fleet, commit, reporting, tuning: [{ ...quiet, seed: 'tuning-1' }] };
    const text = headingOf({ ...made, isChanged: false });
    for (const says of [
      '`npm run detect:score -- --agents 200 --weeks 8 --seeds 2 --incidents 30`',
      `\`${commit}\`.`,
      '2,000 agent-weeks with 40 incidents',
      '`abcdef01…-1` to `…-2`',
      '(`tuning-1`), 100 agent-weeks',
    ])
      expect(text.replaceAll('\n', ' ')).toContain(says);
    expect(headingOf({ ...made, isChanged: true })).toContain('with changes that are not in it');
  });
});
