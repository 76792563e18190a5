import type { Incident } from '../../services/audit/history/incident.js';
import { outcomeOf, type Cutoffs } from '../../services/audit/history/outcome.js';
import { incidentKinds } from '../simulator/index.js';
import type { SeedRun } from './seed.run.js';
import { quantile, shareOf, shareText } from '../../services/audit/history/share.js';
import { hours, markdown } from './table.js';

const forms = ['plain', 'stealthy'] as const;
const head = [
  'kind',
  'form',
  'incidents',
  'recall',
  'by magnitude',
  'held out',
  'found after, median',
  'p95',
];

/** Each kind and form; `without` gives the cutoffs that were tuned without a kind. */
export function kindRows(
  runs: readonly SeedRun[],
  cutoffs: Cutoffs,
  without: (kind: string) => Cutoffs,
): string {
  const { found } = outcomeOf(runs, cutoffs);
  const all = runs.flatMap(({ incidents }) => incidents);
  const rows = kindsOf(all).flatMap(({ kind, magnitudes, unit }) => {
    const heldOut = outcomeOf(runs, without(kind)).found;
    return forms.map((form) => {
      const own = all.filter((each) => each.kind === kind && each.form === form);
      const recall = (some: readonly Incident[], by: ReadonlyMap<Incident, number>) =>
        shareOf(some.filter((each) => by.has(each)).length, some.length);
      const sizes = magnitudes.map((size) =>
        recall(
          own.filter(({ magnitude }) => magnitude === size),
          found,
        ),
      );
      const bySize = sizes.map(
        ({ of, value }, i) => `${magnitudes[i]}: ${of === 0 ? '–' : value.toFixed(2)}`,
      );
      const delays = own.flatMap((each) => found.get(each) ?? []);
      return [
        ...[
          kind,
          form,
          String(own.length),
          shareText(recall(own, found)),
          `${bySize.join(', ')} ${unit}`.trim(),
        ],
        ...[shareText(recall(own, heldOut)), hours(quantile(delays, 0.5)), hours(quantile(delays, 0.95))],
      ];
    });
  });
  return markdown([head, ...rows]);
}

/** The simulator's, and what else labels name. */
function kindsOf(incidents: readonly Incident[]) {
  const known = new Set(incidentKinds.map(({ kind }) => kind));
  const others = [...new Set(incidents.map(({ kind }) => kind))].filter((kind) => !known.has(kind));
  return [...incidentKinds, ...others.map((kind) => ({ kind, magnitudes: [], unit: '' }))];
}
