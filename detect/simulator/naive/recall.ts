import { hour } from '../calendar.js';
import type { Incident } from '../model.js';
import type { Scored } from './baselines.js';

export interface Recall {
  /** Share of the incidents that were found with at most the false alarms that the budget allows. */
  readonly recall: number;
  /** The same for each kind. */
  readonly byKind: ReadonlyMap<string, number>;
  readonly falseAlarms: number;
}

/** What is to be found. */
type Wanted = Pick<Incident, 'kind' | 'identity' | 'from' | 'to'>;

/** Alarms of one identity that are no further apart are one. */
const oneAlarm = 6 * hour;

/**
 * The best that a score can do: its threshold is lowered, on the very events that it is measured on, until one more false
 * alarm would be over the budget. An incident is found by an alarm of its identity in one of its hours.
 */
export function recallAtBudget(
  scored: readonly Scored[],
  incidents: readonly Wanted[],
  budget: number,
): Recall {
  const own = new Map<string, Wanted[]>();
  for (const each of incidents) own.set(each.identity, [...(own.get(each.identity) ?? []), each]);
  const found = new Set<Wanted>();
  const alarms = new Map<string, number[]>();
  let falseAlarms = 0;
  for (const { identity, at } of [...scored].sort((a, b) => b.score - a.score)) {
    const hits = (own.get(identity) ?? []).filter(({ from, to }) => at + hour > from && at <= to);
    const known = alarms.get(identity) ?? [];
    if (hits.length === 0 && known.every((other) => Math.abs(other - at) > oneAlarm)) {
      if (falseAlarms + 1 > budget) break;
      falseAlarms++;
      alarms.set(identity, [...known, at]);
    }
    for (const hit of hits) found.add(hit);
  }
  return { recall: share(incidents, found), byKind: kindsOf(incidents, found), falseAlarms };
}

function kindsOf(incidents: readonly Wanted[], found: ReadonlySet<Wanted>): ReadonlyMap<string, number> {
  const kinds = [...new Set(incidents.map(({ kind }) => kind))];
  return new Map(
    kinds.map((kind) => [
      kind,
      share(
        incidents.filter((each) => each.kind === kind),
        found,
      ),
    ]),
  );
}

const share = (incidents: readonly Wanted[], found: ReadonlySet<Wanted>): number =>
  incidents.filter((each) => found.has(each)).length / Math.max(1, incidents.length);
