import { agentWeeksOf, incidentsOf } from '../../services/audit/history/score.numbers.js';
import { budget } from './budget.js';
import { learningDays, type Fleet, type SeedRun } from './seed.run.js';

/** How a measure was made. */
export interface Made {
  readonly fleet: Fleet;
  /** The whole hash. */
  readonly commit: string;
  /** What runs differs from the commit. */
  readonly isChanged: boolean;
  readonly tuning: readonly SeedRun[];
  readonly reporting: readonly SeedRun[];
}

/** What was run, so that it can be run again: the command, the commit that seeds derive from, and how much there was of each. */
export function headingOf({ fleet, commit, isChanged, tuning, reporting }: Made): string {
  const { agents, weeks, incidents } = fleet;
  const count = reporting.length;
  const seeds = count === 1 ? 'seed' : 'seeds';
  return `\`npm run detect:score -- --agents ${agents} --weeks ${weeks} --seeds ${count} --incidents ${incidents}\` at commit
\`${commit}\`${isChanged ? ', with changes that are not in it' : ''}.
Measured: ${weeksText(reporting)} agent-weeks with ${incidentsOf(reporting).length} incidents, on ${count} reporting ${seeds} of ${agents} agents for ${weeks} weeks, of which the first
${learningDays} days are learned from and not measured. Seeds are the commit's hash and a number (\`${commit.slice(0, 8)}…-1\`${count > 1 ? ` to \`…-${count}\`` : ''}): they are new with each commit.
Which detectors are listened to at the budget is chosen on ${tuning.length} other ${tuning.length === 1 ? 'seed' : 'seeds'} (\`${tuning.map(({ seed }) => seed).join('`, `')}\`), ${weeksText(tuning)} agent-weeks. The budget is ${budget} false alarm per 100 agents
per week.`;
}

const weeksText = (runs: readonly SeedRun[]): string => Math.round(agentWeeksOf(runs)).toLocaleString('en');
