import { createHash } from 'node:crypto';
import { controlEventRow } from '#audit-rows';
import type { Coverage } from './coverage.js';
import type { Finding } from './finding.js';
import { placeOf } from './session.records.js';
import { differences, eventOf, shown, textOf, type StoredRow } from './stored.rows.js';
import type { Tree } from './trees.js';

export interface ControlResult {
  readonly findings: readonly Finding[];
  readonly events: number;
  readonly uncovered: number;
}

const notInTree = 'the tree goes past its place in the log and does not have it';

/** How trees are cut: no tree covers it, since each would then grow by itself. */
const cutTopic = 'weir.proof.v1';

/** Events that are no session's: each against its hash in the trees, and its columns against its bytes. */
export function checkControl(
  control: readonly StoredRow[],
  deadLetters: readonly StoredRow[],
  trees: readonly Tree[],
  coverage: Coverage,
): ControlResult {
  const proven = provenEvents(trees);
  const stored = new Map([...deadLetters, ...control].map((row) => [placeOf(row), row]));
  const ids = firstOffsets(control);
  const findings: Finding[] = [];
  let uncovered = 0;
  for (const [where, { id, offset, hash, tree }] of proven) {
    const row = stored.get(where);
    if (row) findings.push(...checkBytes(where, row, hash));
    // An id that stands in the log twice is one event: the first.
    else if (!((ids.get(`${tree} ${id}`) ?? Infinity) < offset))
      findings.push({ kind: 'deleted row', where, why: 'it is not in the store' });
  }
  for (const row of control) {
    const where = placeOf(row);
    if (!proven.has(where) && textOf(row, 'topic') !== cutTopic) {
      if (coverage.passes(row)) findings.push({ kind: 'added row', where, why: notInTree });
      else uncovered++;
    }
    if (!findings.some((each) => each.where === where)) findings.push(...checkColumns(where, row));
  }
  return { findings, events: control.length, uncovered };
}

interface Proven {
  readonly id: string;
  readonly offset: number;
  readonly hash: string;
  readonly tree: string;
}

function provenEvents(trees: readonly Tree[]): Map<string, Proven> {
  const proven = new Map<string, Proven>();
  for (const { name: tree, leaves } of trees)
    for (const leaf of leaves) {
      if ('events' in leaf)
        for (const [offset, id, hash] of leaf.events)
          proven.set(`${tree} offset ${offset}`, { id, offset, hash, tree });
      if ('unreadable' in leaf)
        for (const [offset, hash] of leaf.unreadable)
          proven.set(`${tree} offset ${offset}`, { id: '', offset, hash, tree });
    }
  return proven;
}

function firstOffsets(control: readonly StoredRow[]): Map<string, number> {
  return new Map(
    control.map((row) => [
      `${textOf(row, 'topic')}/${textOf(row, 'partition')} ${textOf(row, 'event_id').slice(0, 200)}`,
      Number(textOf(row, 'offset')),
    ]),
  );
}

function checkBytes(where: string, row: StoredRow, hash: string): Finding[] {
  const raw = Buffer.from(textOf(row, 'raw'), 'base64');
  if (createHash('sha256').update(raw).digest('hex') === hash) return [];
  return [{ kind: 'changed text', where, why: 'its bytes are not those of its hash in the tree' }];
}

function checkColumns(where: string, row: StoredRow): Finding[] {
  try {
    return differences(row, controlEventRow(eventOf(row))).map(({ column, stored, derived }) => ({
      kind: `changed column ${column}` as const,
      where,
      why: `it says ${shown(stored)}, its event ${shown(derived)}`,
    }));
  } catch {
    return [{ kind: 'added row', where, why: 'no row is made of an event that cannot be read' }];
  }
}
