import type { Detector } from './detector.check.js';
import type { Mark, Marks } from './marks.js';
import { pieceLength, piecesOf } from './range.pieces.js';
import { dayMs, hourMs, type TimeRange } from './store.sql.js';

/** What a detector is still to be asked for, or did not answer for, as it is remembered among the marks: `unanswered/<detector>/<begin>`. */
export interface Unanswered {
  readonly detector: Detector;
  readonly range: TimeRange;
  /** 0: it was not asked for yet; 1: with others, so that it is asked for alone; more: alone, and once more each time. */
  readonly tries: number;
  /** Not asked for again before then. */
  readonly dueAt: number;
}

const prefix = 'unanswered/';
/** The place of one that was answered since; others are its tries. */
const over = -1;
/** Milliseconds; each pause is twice as long as the last one. */
const firstPause = 60_000;
const longestPause = 6 * hourMs;
/** Nobody asks later than that. Milliseconds. */
const keptFor = 28 * dayMs;

const nameOf = ({ id }: Pick<Detector, 'id'>, { from }: TimeRange): string => `${prefix}${id}/${from}`;

/** Nobody needs it any more. */
export const isOver = (name: string, { place }: Mark): boolean => name.startsWith(prefix) && place === over;

/** Those that may still be asked for: a detector that is gone has none, nor has one after 28 days. */
export function unansweredOf(marks: Marks, detectors: readonly Detector[], now: number): Unanswered[] {
  const byId = new Map(detectors.map((each) => [each.id, each]));
  return [...marks].flatMap(([name, { place, at }]) => {
    if (!name.startsWith(prefix)) return [];
    const [id = '', begin = ''] = name.slice(prefix.length).split('/');
    const [detector, from] = [byId.get(id), Number(begin)];
    if (!detector || from < now - keptFor) return [];
    return [{ detector, range: { from, to: from + pieceLength(detector) }, tries: place, dueAt: at }];
  });
}

/** What those marks are that nobody asks for any more. */
export function forgotten(marks: Marks, detectors: readonly Detector[], now: number): [string, Mark][] {
  const kept = new Set(unansweredOf(marks, detectors, now).map((each) => nameOf(each.detector, each.range)));
  return [...marks].flatMap(([name, mark]): [string, Mark][] =>
    name.startsWith(prefix) && !kept.has(name) ? [[name, { ...mark, place: over }]] : [],
  );
}

/** A range without what waits for its turn: one poisoned hour neither hides others nor costs each round. */
export function withoutUnanswered(
  detector: Detector,
  range: TimeRange,
  waiting: readonly Unanswered[],
): TimeRange[] {
  const begins = new Set(
    waiting.flatMap((each) => (each.detector.id === detector.id ? each.range.from : [])),
  );
  if (begins.size === 0) return [range];
  const pieces = piecesOf(detector, range).filter(({ from }) => !begins.has(from));
  return pieces.reduce<TimeRange[]>((all, { from, to }) => {
    const last = all.at(-1);
    return last?.to === from ? [...all.slice(0, -1), { from: last.from, to }] : [...all, { from, to }];
  }, []);
}

/** What to remember of a range that is not asked for at once, but for what is remembered already. */
export const postponedMarks = (
  detector: Detector,
  range: TimeRange,
  waiting: readonly Unanswered[],
  now: number,
): [string, Mark][] =>
  withoutUnanswered(detector, range, waiting)
    .flatMap((each) => piecesOf(detector, each))
    .map((piece) => [nameOf(detector, piece), { place: 0, at: now }]);

/** What to remember of a range that was not answered: its pieces are asked for one by one, at once; one piece alone later and later. */
export function failedMarks(
  detector: Detector,
  range: TimeRange,
  tries: number,
  now: number,
): [string, Mark][] {
  const pieces = piecesOf(detector, range);
  if (pieces.length > 1) return pieces.map((piece) => [nameOf(detector, piece), { place: 1, at: now }]);
  const failed = Math.max(1, tries);
  const pause = Math.min(longestPause, firstPause * 2 ** (failed - 1));
  return pieces.map((piece) => [nameOf(detector, piece), { place: failed + 1, at: now + pause }]);
}

export const answeredMarks = ({ detector, range, dueAt }: Unanswered): [string, Mark][] =>
  piecesOf(detector, range).map((piece) => [nameOf(detector, piece), { place: over, at: dueAt }]);
