import { createHash } from 'node:crypto';
import { encodeEnvelope, FindingRaisedSchema, newEvent, type EncodedEnvelope } from '#events';
import type { Clock } from '#kernel';
import type { Detector } from './detector.check.js';
import { explained, type Measure } from './explanation.js';
import { hourMs, timeOf } from './store.sql.js';

/** A row of a detector's answer: what every one has, and its measures. */
export interface FindingRow extends Readonly<Record<string, Measure>> {
  readonly identity: string;
  readonly on_behalf_of: string;
  readonly connection: string;
  readonly subject: string;
  /** `YYYY-MM-DD hh:mm:ss.uuuuuu`, UTC; the end is not in it. */
  readonly window_start: string;
  readonly window_end: string;
  readonly sessions: readonly string[];
  readonly statements: readonly string[];
}

/** What a detector found, in the words and the shape of `FindingRaised`; whoever scores takes this. */
export interface Finding {
  readonly id: string;
  readonly detector: Detector;
  readonly row: FindingRow;
  readonly evidence: string;
}

/** The same detector, version, subject and window give the same id. */
export function findingOf(detector: Detector, row: FindingRow, timezone: string): Finding {
  const parts = [detector.id, detector.version, row.identity, row.connection, row.subject];
  const digest = createHash('sha256').update(JSON.stringify([...parts, row.window_start, row.window_end]));
  return {
    id: `fnd_${digest.digest('hex').slice(0, 32)}`,
    detector,
    row: {
      ...row,
      ...{ identity: name(row.identity), on_behalf_of: name(row.on_behalf_of) },
      ...{ connection: name(row.connection), subject: name(row.subject) },
      ...{ sessions: links(row.sessions), statements: links(row.statements) },
    },
    evidence: explained(detector.explain, { ...detector.parameters, ...row }, timezone),
  };
}

const own = new Set(['identity', 'on_behalf_of', 'connection', 'subject', 'window_start', 'window_end']);
const mostLinks = 20;
/** Characters; the longest identity has as many. An event has a bound, and whoever names a thing no say in whether it is told of. */
const longestName = 512;
const longestId = 100;

const name = (text: string): string => text.slice(0, longestName);
const links = (ids: readonly string[]): string[] =>
  ids.slice(0, mostLinks).map((id) => id.slice(0, longestId));

/** The event's id is the finding's: whoever raises it again writes the same event. */
export function findingEvent(
  { id, detector, row, evidence }: Finding,
  origin: { readonly source: string; readonly clock: Clock },
): EncodedEnvelope {
  const [start, end] = [timeOf(row.window_start), timeOf(row.window_end)];
  const { title, severity, technique, risk, riskFor, quarantine = '' } = detector;
  const init = {
    ...{ findingId: id, detector: detector.id, version: detector.version, title, severity, technique },
    ...{ identity: row.identity, onBehalfOf: row.on_behalf_of, connection: row.connection },
    ...{ subject: row.subject, evidence: asOf(evidence, end, origin.clock.now()), measures: measuresOf(row) },
    windowStartUs: BigInt(start) * 1000n,
    windowEndUs: BigInt(end) * 1000n,
    sessionIds: [...row.sessions],
    statementIds: [...row.statements],
    ...{ risk, quarantine },
    riskUntilUs: risk === 'none' ? 0n : BigInt(Math.round(end + riskFor * hourMs)) * 1000n,
  };
  return encodeEnvelope(newEvent(FindingRaisedSchema, init, { ...origin, subject: row.identity || '-', id }));
}

/** The first that is raised of a window stays: more may follow in it. */
const asOf = (evidence: string, end: number, now: number): string =>
  now < end ? `${evidence}; ${soFar}` : evidence;
const soFar = 'so far, as its window was not over';

function measuresOf(row: FindingRow): Record<string, number> {
  const numbers = Object.entries(row).filter(
    (each): each is [string, number] => !own.has(each[0]) && typeof each[1] === 'number',
  );
  return Object.fromEntries(numbers);
}
