import type { Incident } from '../../services/audit/history/incident.js';
import type { Counts } from '../../services/audit/history/outcome.js';
import { kindRows, numbersOf, type Scored } from '../../services/audit/history/score.numbers.js';
import { incidentKinds } from '../simulator/index.js';
import { delayCells, markdown, shareText } from './table.js';

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

/** Each kind and form as shipped; `without` says what counts where detectors were chosen without that kind. */
export function kindTable(scored: Scored, without: (kind: string) => Counts): string {
  const rows = kindRows(scored).toSorted(
    (a, b) => placeOf(a.kind) - placeOf(b.kind) || compare(a.form, b.form),
  );
  return markdown([
    head,
    ...rows.map(({ kind, form, recall, byMagnitude, foundAfter }) => {
      const own = (each: Incident) => each.kind === kind && each.form === form;
      const sizes = byMagnitude.map(({ from, recall: { value } }) => `${from}: ${value.toFixed(2)}`);
      const heldOut = numbersOf(scored, without(kind), own).recall;
      return [
        ...[kind, form, String(recall.of), shareText(recall), `${sizes.join(', ')} ${unitOf(kind)}`],
        ...[shareText(heldOut), ...delayCells(foundAfter)],
      ];
    }),
  ]);
}

const placeOf = (of: string): number => incidentKinds.findIndex(({ kind }) => kind === of);
const unitOf = (of: string): string => incidentKinds.find(({ kind }) => kind === of)?.unit ?? '';
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

const ranks = ['least', 'middle', 'most'] as const;

/** All kinds together, by the place of an incident's magnitude among the three of its kind. */
export function magnitudeTable(scored: Scored): string {
  const rows = ranks.map((rank, place) => {
    const isOf = ({ kind, magnitude }: Incident) =>
      incidentKinds.find((each) => each.kind === kind)?.magnitudes.indexOf(magnitude) === place;
    const cells = [undefined, 'plain', 'stealthy'].map((form) =>
      shareText(
        numbersOf(scored, undefined, (each) => isOf(each) && (form ?? each.form) === each.form).recall,
      ),
    );
    return [rank, ...cells];
  });
  return markdown([['magnitude, of those of its kind', 'recall', 'plain', 'stealthy'], ...rows]);
}
