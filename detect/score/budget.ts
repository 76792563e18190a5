import { incidentGapMs } from '#domain';
import type { Judged } from '../../services/audit/history/alarms.js';
import { outcomeOf, type Findings } from '../../services/audit/history/outcome.js';
import { agentWeeksOf } from '../../services/audit/history/score.numbers.js';
import type { SeedRun } from './seed.run.js';

/** False alarms in 100 weeks of one agent. */
export const budget = 1;

type Run = Pick<SeedRun, 'findings' | 'agentWeeks'>;

/**
 * The detectors that are listened to: all of them, as long as they stay within the budget. Where they do not, one after another
 * is silenced, whose false alarms are the most for each incident that it alone finds. What is about a kind that is held out
 * counts neither way.
 */
export function heardAtBudget(
  runs: readonly Run[],
  detectors: readonly string[],
  heldOut?: string,
): ReadonlySet<string> {
  const known = runs.map(({ findings }) => ({ findings: withoutKind(findings, heldOut) }));
  const allowed = (budget * agentWeeksOf(runs)) / 100;
  const heard = new Set(detectors);
  while (heard.size > 0 && sizesOf(known, heard).alarms > allowed) heard.delete(costliest(known, heard));
  return heard;
}

function costliest(runs: readonly Findings[], heard: ReadonlySet<string>): string {
  const now = sizesOf(runs, heard);
  const worths = [...heard].map((id) => {
    const { found, alarms } = sizesOf(runs, new Set([...heard].filter((each) => each !== id)));
    const own = runs.flatMap(({ findings }) => findings.filter(({ detector }) => detector === id));
    const falseOnes = own.filter(({ incidents }) => incidents.length === 0).length;
    // Two that raise the same false alarm save none, each by itself: then it is the one that says more of them.
    const saved = now.alarms - alarms + falseOnes / 1e6;
    return { id, worth: saved / (now.found - found + 0.5) };
  });
  return worths.reduce((most, each) => (each.worth > most.worth ? each : most)).id;
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

function sizesOf(runs: readonly Findings[], heard: ReadonlySet<string>) {
  const { found, falseAlarms } = outcomeOf(runs, ({ detector }) => heard.has(detector));
  return { found: found.size, alarms: falseAlarms.length };
}
