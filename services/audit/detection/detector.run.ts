import { database, type ClickHouseClient } from '#audit-store';
import { quoted } from '../sql/canonical.text.js';
import { queryBytes } from '../sql/query.bytes.js';
import { withoutMore } from './detector.bound.js';
import type { Detector } from './detector.check.js';
import { overRange } from './detector.values.js';
import { findingOf, type Finding, type FindingRow } from './finding.js';
import { piecesOf } from './range.pieces.js';
import { dayMs, rowsOf, timeOf, type TimeRange } from './store.sql.js';

/**
 * What a detector finds in a range; of identities that it is still to learn, nothing. An answer that is cut is asked for once more
 * by the hour; `onCut` is told of an hour that is cut all the same.
 */
export async function runDetector(
  reader: ClickHouseClient,
  detector: Detector,
  range: TimeRange,
  timezone: string,
  onCut: (detector: Detector) => void = () => undefined,
): Promise<Finding[]> {
  const { rows, isCut } = await answerOf(reader, detector, range);
  const pieces = isCut ? piecesOf(detector, range) : [];
  if (pieces.length > 1) {
    const all: Finding[] = [];
    for (const piece of pieces) all.push(...(await runDetector(reader, detector, piece, timezone, onCut)));
    return all;
  }
  if (isCut) onCut(detector);
  const learned = await withoutLearning(reader, detector, rows);
  return learned.map((row) => findingOf(detector, row, timezone));
}

async function answerOf(reader: ClickHouseClient, detector: Detector, range: TimeRange) {
  const { bytes } = await queryBytes(reader, overRange(detector.checked, range), 'JSONEachRow');
  const lines = bytes.toString('utf8').split('\n');
  return withoutMore(lines.filter((line) => line !== '').map((line) => JSON.parse(line) as FindingRow));
}

async function withoutLearning(
  reader: ClickHouseClient,
  { learning }: Detector,
  rows: readonly FindingRow[],
): Promise<readonly FindingRow[]> {
  if (learning === 0 || rows.length === 0) return rows;
  const seen = await rowsOf<{ identity: string; at: string }>(
    reader,
    `SELECT identity, toString(min(first_at)) AS at FROM ${database}.first_uses
     WHERE kind = 'identity' AND identity IN (${[...new Set(rows.map(({ identity }) => identity))].map(quoted).join(', ')})
     GROUP BY identity`,
  );
  const since = new Map(seen.map(({ identity, at }) => [identity, timeOf(at)]));
  return rows.filter(({ identity, window_start }) => {
    const first = since.get(identity);
    return first === undefined || first + learning * dayMs <= timeOf(window_start);
  });
}
