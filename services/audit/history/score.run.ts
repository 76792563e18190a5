import { readFileSync } from 'node:fs';
import { AppError } from '#kernel';
import { rowsOf } from '../detection/store.sql.js';
import { alarmsOf, judged, type Judged } from './alarms.js';
import { isHistory, openHistory, type HistoryStore } from './history.store.js';
import { sizeOf, weeksMeasured } from './history.size.js';
import type { Incident } from './incident.js';
import { labelsOf, type Label } from './label.lines.js';
import { LeftOut } from './left-out.js';
import { lookBack, lookBackOf, measuredFrom } from './look.back.js';
import { ratePerWeek } from './rates.js';
import { detectorRows, kindRows, overallRows, type Scored } from './score.numbers.js';

export interface ScoreRequest {
  readonly store: string;
  /** labels.csv; absent: what is found is all that is asked for. */
  readonly labels?: string | undefined;
  /** weir.yaml. */
  readonly config?: string | undefined;
  /** A folder of detectors instead of `detection.detectors`. */
  readonly detectors?: string | undefined;
  /** Days from the history's first on that are learned from, and not measured. */
  readonly learnDays: number;
}

/** Milliseconds between two words on how far it is. */
const sayEvery = 5000;

/** Runs the detectors over a history and compares what they find with labels. `say`: a line for a person who waits. */
export async function runScore(request: ScoreRequest, say: (text: string) => void) {
  const { store: folder, labels: file, learnDays } = request;
  const lines = new LeftOut(say);
  const labels = file === undefined ? undefined : readLabels(file, lines);
  const look = lookBackOf(request.config, request.detectors);
  const store = await openFilled(folder);
  try {
    const history = await sizeOf(store);
    if (history.sessions === 0)
      throw new AppError('NOT_FOUND', `${folder} has no session yet`, { hint: 'weir ingest events.ndjson' });
    const from = measuredFrom(history.from, learnDays);
    const agentWeeks = await weeksMeasured(store, from);
    const { findings: all, ...detectors } = await lookBack(store, look, from, saying(say));
    const chosen =
      labels && file !== undefined ? await labelsIn(store, labels, from, file, lines) : undefined;
    const findings = judged(all, chosen?.incidents ?? []);
    const { calendar, honeytokens } = look.settings;
    const alarms = alarmsOf(findings);
    return {
      ...{ store: folder, history, measuredFrom: from, learnDays, agentWeeks, detectors },
      settings: { ...calendar, honeytokens },
      findings: findings.map(told).sort((a, b) => a.windowStart - b.windowStart),
      alarms: ratePerWeek(alarms.length, agentWeeks),
      labels: chosen && {
        ...{ file: file!, incidents: chosen.incidents.length, early: chosen.early },
        ...{ leftOut: lines.count, lines: lines.first },
      },
      score:
        chosen &&
        scoreOf({
          histories: [{ findings, incidents: chosen.incidents, agentWeeks }],
          detectors: detectors.ran.map(({ id }) => id),
        }),
    };
  } finally {
    await store.close();
  }
}

export type ScoreResult = Awaited<ReturnType<typeof runScore>>;

const scoreOf = (scored: Scored) => ({
  overall: overallRows(scored),
  kinds: kindRows(scored),
  detectors: detectorRows(scored),
});

function told({ links: _links, isCut: _cut, knownAt: _known, incidents, ...finding }: Judged) {
  return { ...finding, incidents: incidents.map(({ id }) => id) };
}

async function openFilled(folder: string): Promise<HistoryStore> {
  if (isHistory(folder)) return openHistory(folder);
  throw new AppError('NOT_FOUND', `there is no history in ${folder}`, { hint: 'weir ingest events.ndjson' });
}

function readLabels(file: string, lines: LeftOut): Label[] {
  try {
    return labelsOf(readFileSync(file, 'utf8'), lines.of(file));
  } catch (cause) {
    const says = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('INPUT_INVALID', `${file}: ${says}`, { cause });
  }
}

/** Those that something could be found of: named are a second one of an id, and one of whom the history has no event. */
async function labelsIn(
  store: HistoryStore,
  labels: readonly Label[],
  from: number,
  file: string,
  lines: LeftOut,
): Promise<{ readonly incidents: Incident[]; readonly early: number }> {
  const known = await identitiesOf(store);
  const ids = new Set<string>();
  const incidents: Incident[] = [];
  let early = 0;
  for (const { line, incident } of labels) {
    const { id, identity, to } = incident;
    if (ids.has(id)) lines.add(file, line, `id: ${id} is that of a line before`);
    else if (!known.has(identity)) lines.add(file, line, `identity: the history has no event of ${identity}`);
    else if (to < from) early++;
    else incidents.push(incident);
    ids.add(id);
  }
  return { incidents, early };
}

async function identitiesOf({ reader }: HistoryStore): Promise<ReadonlySet<string>> {
  const rows = await rowsOf<{ identity: string }>(
    reader,
    `SELECT DISTINCT identity FROM (SELECT toString(identity) AS identity FROM weir.session_events
       UNION ALL SELECT toString(identity) FROM weir.control_events) WHERE identity != ''`,
  );
  return new Set(rows.map(({ identity }) => identity));
}

function saying(say: (text: string) => void): (day: number, last: number) => void {
  let said = performance.now();
  return (day, last) => {
    if (performance.now() - said < sayEvery) return;
    said = performance.now();
    say(
      `detectors run over ${new Date(day).toISOString().slice(0, 10)} of ${new Date(last - 1).toISOString().slice(0, 10)}`,
    );
  };
}
