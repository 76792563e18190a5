import { incidentGapMs } from '#domain';
import type { Judged } from '../../services/audit/history/alarms.js';
import {
  agentWeeksOf,
  outcomeOf,
  type Cutoffs,
  type Findings,
} from '../../services/audit/history/outcome.js';
import type { SeedRun } from './seed.run.js';

/** False alarms in 100 weeks of one agent. */
export const budget = 1;

type Run = Pick<SeedRun, 'findings' | 'agentWeeks'>;

/** Levels of one detector's scores at which its cutoff may lie: all of them where they are few. */
const mostLevels = 12;

/**
 * Cutoffs for runs with labels: that step is taken next which finds the most incidents for a false alarm more, as long as the
 * budget allows one. What is about a kind that is held out counts neither way.
 */
export function tuned(runs: readonly Run[], detectors: readonly string[], heldOut?: string): Cutoffs {
  const known = runs.map(({ findings }) => ({ findings: withoutKind(findings, heldOut) }));
  const allowed = (budget * agentWeeksOf(runs)) / 100;
  const levels = new Map(detectors.map((id) => [id, levelsOf(known, id)]));
  let cutoffs: Cutoffs = new Map();
  for (
    let step = bestStep(known, cutoffs, levels, allowed);
    step;
    step = bestStep(known, cutoffs, levels, allowed)
  )
    cutoffs = step;
  return withFree(known, cutoffs, levels, allowed);
}

/** What raises no false alarm more is raised, whether or not it found anything here. */
function withFree(
  runs: readonly Findings[],
  tunedOnes: Cutoffs,
  levels: ReadonlyMap<string, readonly number[]>,
  allowed: number,
): Cutoffs {
  let cutoffs = tunedOnes;
  let { alarms } = sizesOf(runs, cutoffs);
  for (const [id, scores] of levels)
    for (const score of [...scores, 0].filter((each) => each < (cutoffs.get(id) ?? Infinity))) {
      const next = new Map([...cutoffs, [id, score] as const]);
      const { alarms: more } = sizesOf(runs, next);
      if (more > Math.min(alarms, allowed)) break;
      [cutoffs, alarms] = [next, more];
    }
  return cutoffs;
}

/** Nor what would be in one alarm with them. */
function withoutKind(findings: Findings['findings'], heldOut: string | undefined): Findings['findings'] {
  const out = new Set(findings.flatMap(({ incidents }) => incidents).filter(({ kind }) => kind === heldOut));
  const isNear = ({ identity, windowStart, windowEnd }: Judged) =>
    [...out].some((each) => {
      const isAtTheTime = windowStart <= each.to + incidentGapMs && windowEnd >= each.from - incidentGapMs;
      return each.identity === identity && isAtTheTime;
    });
  return findings.filter((each) => !isNear(each) && !each.incidents.some((about) => out.has(about)));
}

function levelsOf(runs: readonly Findings[], id: string): readonly number[] {
  const all = runs.flatMap(({ findings }) => findings.filter((f) => f.detector === id).map((f) => f.score));
  const distinct = [...new Set(all)].sort((a, b) => b - a);
  const every = Math.max(1, Math.ceil(distinct.length / mostLevels));
  return distinct.filter((_, i) => i % every === every - 1 || i === distinct.length - 1);
}

function bestStep(
  runs: readonly Findings[],
  cutoffs: Cutoffs,
  levels: ReadonlyMap<string, readonly number[]>,
  allowed: number,
): Cutoffs | undefined {
  const now = sizesOf(runs, cutoffs);
  let best: { readonly worth: number; readonly cutoffs: Cutoffs } | undefined;
  for (const [id, scores] of levels)
    for (const score of scores.filter((each) => each < (cutoffs.get(id) ?? Infinity))) {
      const next = new Map([...cutoffs, [id, score]]);
      const { found, alarms } = sizesOf(runs, next);
      if (alarms > allowed) break;
      // A twentieth of an alarm: what costs none is the better the more it finds.
      const worth = (found - now.found) / Math.max(0.05, alarms - now.alarms);
      if (found > now.found && worth > (best?.worth ?? 0)) best = { worth, cutoffs: next };
    }
  return best?.cutoffs;
}

function sizesOf(
  runs: readonly Findings[],
  cutoffs: Cutoffs,
): { readonly found: number; readonly alarms: number } {
  const { found, falseAlarms } = outcomeOf(runs, cutoffs);
  return { found: found.size, alarms: falseAlarms.length };
}

/** One threshold on the score for all detectors: the lowest that stays within the budget. */
export function oneCutoff(runs: readonly Run[], detectors: readonly string[]): Cutoffs {
  const allowed = (budget * agentWeeksOf(runs)) / 100;
  const scores = [...new Set(runs.flatMap(({ findings }) => findings.map(({ score }) => score)))];
  let cutoffs: Cutoffs = new Map();
  for (const score of scores.sort((a, b) => b - a)) {
    const next = new Map(detectors.map((id) => [id, score]));
    if (outcomeOf(runs, next).falseAlarms.length > allowed) break;
    cutoffs = next;
  }
  return cutoffs;
}
