import type { Incident } from '../../services/audit/history/incident.js';
import { everyFinding, outcomeOf, type Counts } from '../../services/audit/history/outcome.js';
import { ratePerWeek } from '../../services/audit/history/rates.js';
import {
  agentWeeksOf,
  incidentsOf,
  numbersOf,
  ofForm,
  precisionAt,
  prevalences,
  type Scored,
} from '../../services/audit/history/score.numbers.js';
import { shareOf, type Share } from '../../services/audit/history/share.js';
import { fixedThreshold, recallAtBudget, zScore, type Baseline } from '../simulator/index.js';
import { budget, heardAtBudget } from './budget.js';
import { detectorTable } from './detector.table.js';
import { kindTable, magnitudeTable } from './kind.table.js';
import type { SeedRun } from './seed.run.js';
import { delayCells, intervalText, markdown, shareText } from './table.js';

export interface Measured {
  /** What was run: how, of which commit, on what. */
  readonly heading: string;
  readonly tuning: readonly SeedRun[];
  readonly reporting: readonly SeedRun[];
}

/** The whole text: what was run, the answer, and all tables. */
export function report({ heading, tuning, reporting }: Measured): string {
  const detectors = reporting[0]?.detectors ?? [];
  const scored: Scored = { histories: reporting, detectors };
  const heard = heardAtBudget(tuning, detectors);
  const without = (kind: string) => countsOf(heardAtBudget(tuning, detectors, kind));
  return [
    heading,
    verdict(scored, heard),
    markdown([head, ...shippedRows(scored), ...budgetRows(scored, heard, without), ...naiveRows(reporting)]),
    'By magnitude, as shipped:',
    magnitudeTable(scored),
    'By kind, as shipped:',
    kindTable(scored, without),
    'By detector, each as if it were the only one:',
    detectorTable(scored, heard),
  ].join('\n\n');
}

const countsOf =
  (heard: ReadonlySet<string>): Counts =>
  ({ detector }) =>
    heard.has(detector);

const wanted = 0.9;

/** What is asked of detection, and whether it is so: as shipped where that is within the budget. Stealthy forms are told apart. */
function verdict(scored: Scored, heard: ReadonlySet<string>): string {
  const isWithin = numbersOf(scored).falseAlarms.value <= budget;
  const counts = isWithin ? everyFinding : countsOf(heard);
  const { recall: all, falseAlarms } = numbersOf(scored, counts);
  const [plain, stealthy] = (['plain', 'stealthy'] as const).map(
    (form) => numbersOf(scored, counts, ofForm(form)).recall,
  ) as [Share, Share];
  const isMet = plain.value >= wanted && falseAlarms.value <= budget;
  const isClose = plain.low < wanted && plain.high >= wanted;
  const how = isWithin ? 'as shipped' : 'with the detectors that are listened to at the budget';
  const table = markdown([
    ['asked', 'answer', 'recall, plain forms', 'stealthy forms', 'all together', 'false alarms'],
    [
      `recall at least ${wanted} at the budget; stealthy forms apart`,
      `**${isMet ? 'yes' : 'no'}**, ${how}${isClose ? `; ${wanted} is within the interval` : ''}`,
      ...[shareText(plain), shareText(stealthy), shareText(all), intervalText(falseAlarms)],
    ],
  ]);
  return `${table}\n\n${inWords(plain, stealthy, falseAlarms.value)}`;
}

function inWords(plain: Share, stealthy: Share, falseAlarms: number): string {
  const ofHundred = ({ value }: Share) => Math.round(value * 100);
  return `In words: of 100 incidents ${ofHundred(plain)} are found where nobody hides them, ${ofHundred(stealthy)} where they are spread and kept small on
purpose; 100 agents at work give ${falseAlarms.toFixed(1)} false alarms a week. All of these agents are simulated, and a house is another: see what its
[own history](#on-your-own-history) says.`;
}

const head = [
  ...['', 'recall', 'false alarms', ...prevalences.map((n) => `precision at ${n}`)],
  ...['found after, median', 'p95'],
];

const shippedRows = (scored: Scored) => [
  rowOf('as shipped', scored, everyFinding),
  rowOf('as shipped, plain forms', scored, everyFinding, ofForm('plain')),
  rowOf('as shipped, stealthy forms', scored, everyFinding, ofForm('stealthy')),
];

function budgetRows(scored: Scored, heard: ReadonlySet<string>, without: (kind: string) => Counts) {
  const counts = countsOf(heard);
  const silent = scored.detectors.filter((id) => !heard.has(id));
  const name =
    silent.length > 0 ? `at the budget (silent: ${silent.join(', ')})` : 'at the budget (none is silent)';
  return [
    rowOf(name, scored, counts),
    rowOf('at the budget, plain forms', scored, counts, ofForm('plain')),
    rowOf('at the budget, stealthy forms', scored, counts, ofForm('stealthy')),
    heldOutRow(scored, without),
  ];
}

function rowOf(
  name: string,
  scored: Scored,
  counts: Counts,
  isWanted?: (incident: Incident) => boolean,
): string[] {
  const { recall, falseAlarms, precisionAt: precisions, foundAfter } = numbersOf(scored, counts, isWanted);
  return [
    ...[name, shareText(recall), intervalText(falseAlarms)],
    ...[...precisions.map(({ value }) => numberText(value)), ...delayCells(foundAfter)],
  ];
}

const numberText = (value: number): string => (Number.isNaN(value) ? '–' : value.toFixed(2));
const noDelay = ['', ''];

/** Each kind with the detectors that were chosen without it: what nobody thought of is found like that. */
function heldOutRow({ histories }: Scored, without: (kind: string) => Counts): string[] {
  const all = incidentsOf(histories);
  const kinds = [...new Set(all.map(({ kind }) => kind))];
  const hits = kinds.map((kind) => {
    const { found } = outcomeOf(histories, without(kind));
    return all.filter((each) => each.kind === kind && found.has(each)).length;
  });
  const recall = shareOf(
    hits.reduce((sum, each) => sum + each, 0),
    all.length,
  );
  return ['at the budget, each kind held out', shareText(recall), ...['', '', '', '', ''], ...noDelay];
}

/** Their thresholds are set on the reporting seeds themselves: the best that they could do. */
function naiveRows(runs: readonly SeedRun[]): string[][] {
  const naive: readonly (readonly [string, Baseline])[] = [
    ['naive: fixed threshold', fixedThreshold],
    ['naive: z-score', zScore],
  ];
  return naive.map(([name, baseline]) => {
    const each = runs.map(({ hours, incidents, agentWeeks, measuredFrom }) => {
      const scored = [...baseline(hours)].filter(({ at }) => at >= measuredFrom);
      return { ...recallAtBudget(scored, incidents, (budget * agentWeeks) / 100), incidents };
    });
    const of = each.reduce((sum, { incidents }) => sum + incidents.length, 0);
    const hits = each.reduce(
      (sum, { recall: share, incidents }) => sum + Math.round(share * incidents.length),
      0,
    );
    const count = each.reduce((sum, run) => sum + run.falseAlarms, 0);
    const [recall, falseAlarms] = [shareOf(hits, of), ratePerWeek(count, agentWeeksOf(runs))];
    const precisions = precisionAt(recall.value, falseAlarms.value).map(({ value }) => numberText(value));
    return [name, shareText(recall), intervalText(falseAlarms), ...precisions, ...noDelay];
  });
}
