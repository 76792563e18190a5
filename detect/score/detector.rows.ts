import type { Incident } from '../../services/audit/history/incident.js';
import { agentWeeksOf, outcomeOf, type Cutoffs } from '../../services/audit/history/outcome.js';
import type { SeedRun } from './seed.run.js';
import { shareOf, shareText } from '../../services/audit/history/share.js';
import { markdown } from './table.js';
import { tuned } from './tuning.js';

/** The kind of incident that a detector is there for, where its name does not say it. */
const kinds: Readonly<Record<string, string>> = {
  'agent-changed': 'config-change',
  'changed-out-of-band': 'out-of-band-change',
  'checkpoint-missing': 'record-gap',
  'many-evenings': 'out-of-hours',
  'missed-run': 'irregular-timing',
  'new-client-program': 'new-client',
  'new-source-host': 'new-source',
  'refusals-add-up': 'probing',
};

const head = [
  ...['detector', 'findings', 'of them false', 'false alarms', 'cutoff', 'false alarms at it'],
  ...['alone at the budget: its own kind, plain', 'stealthy', 'of all incidents'],
];

/** False alarms are per 100 agents per week; those of every finding first. */
export function detectorRows(tuning: readonly SeedRun[], runs: readonly SeedRun[], cutoffs: Cutoffs): string {
  return markdown([head, ...(runs[0]?.detectors ?? []).map((id) => rowOf(id, tuning, runs, cutoffs))]);
}

function rowOf(id: string, tuning: readonly SeedRun[], runs: readonly SeedRun[], cutoffs: Cutoffs): string[] {
  const findings = runs.flatMap((run) => run.findings.filter(({ detector }) => detector === id));
  const rate = (some: Cutoffs) =>
    ((outcomeOf(runs, some).falseAlarms.length * 100) / agentWeeksOf(runs)).toFixed(2);
  const cutoff = cutoffs.get(id);
  const { found } = outcomeOf(runs, tuned(tuning, [id]));
  const all = runs.flatMap(({ incidents }) => incidents);
  const own = all.filter(({ kind }) => kind === (kinds[id] ?? id));
  const recall = (some: readonly Incident[]) =>
    shareText(shareOf(some.filter((each) => found.has(each)).length, some.length));
  return [
    ...[
      id,
      String(findings.length),
      String(findings.filter(({ incidents }) => incidents.length === 0).length),
    ],
    ...[
      rate(new Map([[id, 0]])),
      cutoff?.toFixed(2) ?? 'silent',
      cutoff === undefined ? '' : rate(new Map([[id, cutoff]])),
    ],
    ...[
      recall(own.filter(({ form }) => form === 'plain')),
      recall(own.filter(({ form }) => form === 'stealthy')),
    ],
    recall(all),
  ];
}
