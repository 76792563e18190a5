import { severities } from '#domain';
import type { Judged } from './alarms.js';
import type { Incident } from './incident.js';
import { everyFinding, outcomeOf, type Counts, type Outcome } from './outcome.js';
import { ratePerWeek } from './rates.js';
import { precision, quantile, shareOf, type Share } from './share.js';

/** What was found in a history, and what should have been. */
export interface ScoredHistory {
  readonly findings: readonly Judged[];
  readonly incidents: readonly Incident[];
  /** Weeks of one agent. */
  readonly agentWeeks: number;
}

/** What is measured: one history, or some that are taken together. */
export interface Scored {
  readonly histories: readonly ScoredHistory[];
  /** Ids of the detectors that ran. */
  readonly detectors: readonly string[];
}

/** Incidents per 100 agents per week at which precision is given. */
export const prevalences = [1, 3, 10, 30] as const;

export const forms = ['plain', 'stealthy'] as const;

export const agentWeeksOf = (histories: readonly Pick<ScoredHistory, 'agentWeeks'>[]): number =>
  histories.reduce((sum, { agentWeeks }) => sum + agentWeeks, 0);

export const incidentsOf = (histories: readonly Pick<ScoredHistory, 'incidents'>[]): Incident[] =>
  histories.flatMap(({ incidents }) => incidents);

/** As shipped, every finding counts: the first row. The others leave the milder severities out, and nothing else. */
export function overallRows(scored: Scored) {
  return severities.map((severity, least) => {
    const counts: Counts = (finding) => severities.indexOf(finding.severity) >= least;
    const [plain, stealthy] = forms.map((form) => numbersOf(scored, counts, ofForm(form)).recall);
    return { severity, ...numbersOf(scored, counts), plain: plain!, stealthy: stealthy! };
  });
}

type Wanted = (incident: Incident) => boolean;

export const ofForm =
  (form: Incident['form']): Wanted =>
  (incident) =>
    incident.form === form;

/** What findings come to, of those incidents that are `wanted`; false alarms are about none at all. */
export function numbersOf({ histories }: Scored, counts: Counts = everyFinding, wanted: Wanted = () => true) {
  const { findings, alarms, found, falseAlarms: all } = outcomeOf(histories, counts);
  const falseAlarms = ratePerWeek(all.length, agentWeeksOf(histories));
  const incidents = incidentsOf(histories).filter(wanted);
  const recall = recallOf(incidents, { found });
  return {
    ...{ findings, alarms, falseAlarms, recall },
    precisionHere: shareOf(alarms - all.length, alarms),
    precisionAt: alarms === 0 ? precisionAt(NaN, 0) : precisionAt(recall.value, falseAlarms.value),
    foundAfter: delays(incidents.flatMap((each) => found.get(each) ?? [])),
  };
}

/** At each prevalence; of a recall that is no number none is. */
export const precisionAt = (recall: number, falseAlarms: number) =>
  prevalences.map((prevalence) => ({ prevalence, value: precision(recall, prevalence, falseAlarms) }));

/** Each kind and form, in the order in which labels have them. */
export function kindRows({ histories }: Scored) {
  const outcome = outcomeOf(histories, everyFinding);
  const groups = new Map<string, Incident[]>();
  for (const each of incidentsOf(histories)) {
    const key = `${each.kind} ${each.form}`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()].map((own) => ({
    ...{ kind: own[0]!.kind, form: own[0]!.form },
    recall: recallOf(own, outcome),
    byMagnitude: sizesOf(own).map(({ from, to }) => ({
      ...{ from, to },
      recall: recallOf(
        own.filter(({ magnitude }) => magnitude >= from && magnitude <= to),
        outcome,
      ),
    })),
    foundAfter: delays(own.flatMap((each) => outcome.found.get(each) ?? [])),
  }));
}

const mostSizes = 4;

/** Each magnitude by itself where they are few; else in parts of about as many incidents each. */
function sizesOf(incidents: readonly Incident[]): { readonly from: number; readonly to: number }[] {
  const all = incidents.map(({ magnitude }) => magnitude).sort((a, b) => a - b);
  const distinct = [...new Set(all)];
  if (distinct.length <= mostSizes) return distinct.map((each) => ({ from: each, to: each }));
  const part = Math.ceil(distinct.length / mostSizes);
  return Array.from({ length: Math.ceil(distinct.length / part) }, (_, i) => {
    const some = distinct.slice(i * part, (i + 1) * part);
    return { from: some[0]!, to: some.at(-1)! };
  });
}

/** Each detector by itself. `alone`: incidents that no other one found. */
export function detectorRows({ histories, detectors }: Scored) {
  const incidents = incidentsOf(histories);
  const all = histories.flatMap(({ findings }) => findings);
  const by = new Map(
    detectors.map((id) => [id, outcomeOf(histories, ({ detector }) => detector === id)] as const),
  );
  return detectors.map((id) => {
    const { findings, found, falseAlarms } = by.get(id)!;
    const others = [...by].filter(([other]) => other !== id);
    return {
      ...{ detector: id, findings },
      falseFindings: all.filter((each) => each.detector === id && each.incidents.length === 0).length,
      falseAlarms: ratePerWeek(falseAlarms.length, agentWeeksOf(histories)),
      recall: recallOf(incidents, { found }),
      alone: [...found.keys()].filter((each) => others.every(([, other]) => !other.found.has(each))).length,
      kinds: kindsOf(incidents, { found }),
      foundAfter: delays([...found.values()]),
    };
  });
}

/** The kinds and forms of which something was found, the one of which the most first. */
function kindsOf(incidents: readonly Incident[], outcome: Pick<Outcome, 'found'>) {
  return [...new Set(incidents.map(({ kind }) => kind))]
    .flatMap((kind) => forms.map((form) => ({ kind, form })))
    .map((each) => ({
      ...each,
      recall: recallOf(
        incidents.filter(({ kind, form }) => kind === each.kind && form === each.form),
        outcome,
      ),
    }))
    .filter(({ recall }) => recall.value > 0)
    .sort((a, b) => b.recall.value - a.recall.value);
}

export function recallOf(incidents: readonly Incident[], { found }: Pick<Outcome, 'found'>): Share {
  return shareOf(incidents.filter((each) => found.has(each)).length, incidents.length);
}

/** Milliseconds. */
const delays = (all: readonly number[]) => ({ median: quantile(all, 0.5), p95: quantile(all, 0.95) });
