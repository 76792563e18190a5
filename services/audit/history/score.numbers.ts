import { severities } from '#domain';
import { alarmsOf, type Judged } from './alarms.js';
import type { Incident } from './incident.js';
import { outcomeOf, type Outcome } from './outcome.js';
import { ratePerWeek } from './rates.js';
import { precision, quantile, shareOf, type Share } from './share.js';

/** What was found in a history, and what should have been. */
export interface Scored {
  readonly findings: readonly Judged[];
  readonly incidents: readonly Incident[];
  /** Ids of the detectors that ran. */
  readonly detectors: readonly string[];
  readonly agentWeeks: number;
}

/** Incidents per 100 agents per week at which precision is given. */
const prevalences = [1, 3, 10, 30] as const;

/** As shipped, every finding counts: the first row. The others leave the milder severities out, and nothing else. */
export function overallRows(scored: Scored) {
  return severities.map((severity, least) => {
    const raised = scored.findings.filter(({ score }) => score >= least);
    return { severity, ...wholeOf(scored, raised) };
  });
}

function wholeOf({ incidents, agentWeeks }: Scored, raised: readonly Judged[]) {
  const outcome = outcomeOfAll(raised);
  const alarms = alarmsOf(raised).length;
  const falseAlarms = ratePerWeek(outcome.falseAlarms.length, agentWeeks);
  const recall = recallOf(incidents, outcome);
  return {
    ...{ findings: raised.length, alarms, falseAlarms, recall },
    plain: recallOf(
      incidents.filter(({ form }) => form === 'plain'),
      outcome,
    ),
    stealthy: recallOf(
      incidents.filter(({ form }) => form === 'stealthy'),
      outcome,
    ),
    precisionHere: shareOf(alarms - outcome.falseAlarms.length, alarms),
    precisionAt: prevalences.map((prevalence) => ({
      prevalence,
      value: recall.of === 0 || alarms === 0 ? NaN : precision(recall.value, prevalence, falseAlarms.value),
    })),
    foundAfter: delays([...outcome.found.values()]),
  };
}

/** Each kind and form, in the order in which labels have them. */
export function kindRows({ findings, incidents }: Scored) {
  const outcome = outcomeOfAll(findings);
  const groups = new Map<string, Incident[]>();
  for (const each of incidents) {
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
export function detectorRows({ findings, incidents, detectors, agentWeeks }: Scored) {
  const by = new Map(
    detectors.map((id) => [id, outcomeOfAll(findings.filter(({ detector }) => detector === id))]),
  );
  return detectors.map((id) => {
    const own = findings.filter(({ detector }) => detector === id);
    const { found, falseAlarms } = by.get(id)!;
    const others = [...by].filter(([other]) => other !== id);
    return {
      ...{ detector: id, findings: own.length },
      falseFindings: own.filter((each) => each.incidents.length === 0).length,
      falseAlarms: ratePerWeek(falseAlarms.length, agentWeeks),
      recall: recallOf(incidents, { found }),
      alone: [...found.keys()].filter((each) => others.every(([, other]) => !other.found.has(each))).length,
      foundAfter: delays([...found.values()]),
    };
  });
}

/** Of each finding, whatever its score. */
function outcomeOfAll(findings: readonly Judged[]): Outcome {
  return outcomeOf([{ findings }], new Map(findings.map(({ detector }) => [detector, 0])));
}

function recallOf(incidents: readonly Incident[], { found }: Pick<Outcome, 'found'>): Share {
  return shareOf(incidents.filter((each) => found.has(each)).length, incidents.length);
}

/** Milliseconds. */
const delays = (all: readonly number[]) => ({ median: quantile(all, 0.5), p95: quantile(all, 0.95) });
