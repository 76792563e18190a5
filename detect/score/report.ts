import type { Incident } from '../../services/audit/history/incident.js';
import { agentWeeksOf, outcomeOf, type Cutoffs } from '../../services/audit/history/outcome.js';
import { precision, quantile, shareOf, shareText } from '../../services/audit/history/share.js';
import { fixedThreshold, recallAtBudget, zScore, type Baseline } from '../simulator/index.js';
import { detectorRows } from './detector.rows.js';
import { kindRows } from './kind.rows.js';
import type { SeedRun } from './seed.run.js';
import { hours, markdown } from './table.js';
import { budget, oneCutoff, tuned } from './tuning.js';

export interface Measured {
  readonly commit: string;
  /** What is reported of: `7 seeds of 200 agents`. */
  readonly history: string;
  readonly tuning: readonly SeedRun[];
  readonly reporting: readonly SeedRun[];
  /** A kind that thresholds are tuned without. */
  readonly heldOut: string | undefined;
}

const prevalences = [1, 3, 10, 30];

export function report(measured: Measured): string {
  const { tuning, reporting, heldOut } = measured;
  const detectors = reporting[0]?.detectors ?? [];
  const cutoffs = tuned(tuning, detectors, heldOut);
  return [
    heading(measured),
    overall(reporting, [
      ['detectors, cutoffs tuned', cutoffs],
      ['detectors, one threshold on the score', oneCutoff(tuning, detectors)],
      ['detectors, every finding', new Map(detectors.map((id) => [id, 0]))],
    ]),
    'Per kind, at the tuned cutoffs:',
    kindRows(reporting, cutoffs, (kind) => tuned(tuning, detectors, kind)),
    'Per detector:',
    detectorRows(tuning, reporting, cutoffs),
  ].join('\n\n');
}

function heading({ commit, history, tuning, reporting, heldOut }: Measured): string {
  const incidents = reporting.reduce((sum, run) => sum + run.incidents.length, 0);
  return `Commit \`${commit.slice(0, 12)}\`: ${history}, ${Math.round(agentWeeksOf(reporting))}
agent-weeks after two weeks of learning, ${incidents} incidents; tuned on ${tuning.length} other seeds, ${Math.round(agentWeeksOf(tuning))} agent-weeks${heldOut ? `, without \`${heldOut}\`` : ''}. The budget is ${budget} false
alarm per 100 agents per week.`;
}

function overall(runs: readonly SeedRun[], ways: readonly (readonly [string, Cutoffs])[]): string {
  const head = [
    '',
    'recall',
    'plain',
    'stealthy',
    'false alarms',
    ...prevalences.map((n) => `precision at ${n}`),
    'found after, median',
    'p95',
  ];
  return markdown([head, ...ways.map(([name, cutoffs]) => wayRow(name, runs, cutoffs)), ...naiveRows(runs)]);
}

function wayRow(name: string, runs: readonly SeedRun[], cutoffs: Cutoffs): string[] {
  const { found, falseAlarms } = outcomeOf(runs, cutoffs);
  const delays = [...found.values()];
  return [
    ...[name, ...recalls(runs, new Set(found.keys())), ...alarmCells(runs, found.size, falseAlarms.length)],
    ...[hours(quantile(delays, 0.5)), hours(quantile(delays, 0.95))],
  ];
}

function recalls(runs: readonly SeedRun[], found: ReadonlySet<Incident>): string[] {
  const all = runs.flatMap(({ incidents }) => incidents);
  const recall = (some: readonly Incident[]) =>
    shareText(shareOf(some.filter((each) => found.has(each)).length, some.length));
  const ofForm = (form: string) => all.filter((each) => each.form === form);
  return [recall(all), recall(ofForm('plain')), recall(ofForm('stealthy'))];
}

function alarmCells(runs: readonly SeedRun[], found: number, falseAlarms: number): string[] {
  const rate = (falseAlarms * 100) / agentWeeksOf(runs);
  const recall = found / Math.max(1, runs.flatMap(({ incidents }) => incidents).length);
  return [rate.toFixed(2), ...prevalences.map((n) => precision(recall, n, rate).toFixed(2))];
}

/** Their thresholds are set on the reporting seeds themselves: the best that they could do. */
function naiveRows(runs: readonly SeedRun[]): string[][] {
  const naive: readonly (readonly [string, Baseline])[] = [
    ['naive: fixed threshold', fixedThreshold],
    ['naive: z-score', zScore],
  ];
  return naive.map(([name, baseline]) => {
    const each = runs.map(({ hours: all, incidents, agentWeeks, measuredFrom }) => {
      const scored = [...baseline(all)].filter(({ at }) => at >= measuredFrom);
      return { ...recallAtBudget(scored, incidents, (budget * agentWeeks) / 100), incidents };
    });
    const of = each.reduce((sum, { incidents }) => sum + incidents.length, 0);
    const hits = each.reduce((sum, { recall, incidents }) => sum + Math.round(recall * incidents.length), 0);
    const falseAlarms = each.reduce((sum, run) => sum + run.falseAlarms, 0);
    return [name, shareText(shareOf(hits, of)), '', '', ...alarmCells(runs, hits, falseAlarms), '', ''];
  });
}
