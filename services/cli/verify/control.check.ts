import { createHash } from 'node:crypto';
import { controlEventRow } from '#audit-rows';
import { topics } from '#events';
import { treeOf, type Coverage } from './coverage.js';
import { CutCheck } from './cut.check.js';
import type { Finding } from './finding.js';
import { placeOf, type ControlRecord } from './session.records.js';
import { differences, eventOf, shown, textOf, type StoredRow } from './stored.rows.js';
import { leavesOf, type Tree } from './trees.js';

export interface ControlResult {
  readonly findings: readonly Finding[];
  readonly events: number;
  readonly uncovered: number;
}

/**
 * Events that are no session's: each against its hash in the trees, and its columns against its bytes. Rows and leaves
 * come in the order of the log, so neither is held in memory. `read` reads them; a second time where some seem to be missing.
 */
export async function checkControl(
  read: () => AsyncIterable<ControlRecord>,
  trees: readonly Tree[],
  coverage: Coverage,
): Promise<ControlResult> {
  const check = new ControlCheck(trees, coverage);
  for await (const { control, deadLetter } of read()) {
    if (control) check.row(control);
    if (deadLetter) check.deadLetter(deadLetter);
  }
  check.end();
  if (check.isMissing) for await (const { control } of read()) if (control) check.explain(control);
  return check.result();
}

interface Proven {
  readonly id: string;
  readonly offset: number;
  readonly hash: string;
  readonly where: string;
}

class ControlCheck {
  readonly #findings: Finding[] = [];
  readonly #walks: ReadonlyMap<string, Walk>;
  readonly #cuts: CutCheck;
  /** Proven and not seen: unreadable, the same event once more, or deleted. By place; and by tree and id. */
  readonly #missing = new Map<string, Proven>();
  readonly #missingIds = new Map<string, Proven[]>();
  #events = 0;
  #uncovered = 0;

  constructor(
    trees: readonly Tree[],
    private readonly coverage: Coverage,
  ) {
    this.#cuts = new CutCheck(trees, coverage);
    this.#walks = new Map(trees.map((tree) => [tree.name, new Walk(tree)]));
  }

  get isMissing(): boolean {
    return this.#missing.size > 0;
  }

  row(row: StoredRow): void {
    this.#events++;
    const where = placeOf(row);
    const { skipped = [], at } = this.#walks.get(treeOf(row))?.upTo(Number(textOf(row, 'offset'))) ?? {};
    for (const each of skipped) this.#missing.set(each.where, each);
    const findings = at ? checkBytes(where, row, at.hash) : this.#checkUnproven(where, row);
    this.#findings.push(...(findings.length > 0 ? findings : checkColumns(where, row)));
  }

  deadLetter(row: StoredRow): void {
    this.end();
    const where = placeOf(row);
    const proven = this.#missing.get(where);
    this.#missing.delete(where);
    // What has a place in a session is held against that.
    const { topic, session_id: session, seq } = row;
    if (topic === topics.session && session !== '' && seq !== '0') return;
    const findings = proven ? checkBytes(where, row, proven.hash) : this.#checkUnproven(where, row);
    this.#findings.push(...(findings.length === 0 && isReadable(row) ? [hidden(where)] : findings));
  }

  /** No more rows. */
  end(): void {
    for (const walk of this.#walks.values())
      for (const each of walk.upTo(Infinity).skipped) this.#missing.set(each.where, each);
  }

  /** An id that stands in the log twice is one event: the first. */
  explain(row: StoredRow): void {
    if (this.#missingIds.size === 0) this.#indexMissing();
    const id = textOf(row, 'event_id').slice(0, longestId);
    for (const { where, offset } of this.#missingIds.get(`${treeOf(row)} ${id}`) ?? [])
      if (Number(textOf(row, 'offset')) < offset) this.#missing.delete(where);
  }

  result(): ControlResult {
    for (const where of this.#missing.keys())
      this.#findings.push({ kind: 'deleted row', where, why: 'it is not in the store' });
    return { findings: this.#findings, events: this.#events, uncovered: this.#uncovered };
  }

  #checkUnproven(where: string, row: StoredRow): Finding[] {
    if (textOf(row, 'topic') === topics.proof) return this.#cuts.check(where, row);
    const objection = this.coverage.objection(row);
    if (objection) return [{ ...objection, where }];
    this.#uncovered++;
    return [];
  }

  #indexMissing(): void {
    for (const each of this.#missing.values()) {
      const key = `${each.where.slice(0, each.where.indexOf(' '))} ${each.id}`;
      this.#missingIds.set(key, [...(this.#missingIds.get(key) ?? []), each]);
    }
  }
}

/** The events of a tree one after another. */
class Walk {
  readonly #events: Iterator<Proven>;
  #next: Proven | undefined;

  constructor(tree: Tree) {
    this.#events = provenEvents(tree);
    this.#next = this.#take();
  }

  /** The one at this offset, and those before it that nobody asked for. */
  upTo(offset: number): { skipped: Proven[]; at: Proven | undefined } {
    const skipped: Proven[] = [];
    for (; this.#next && this.#next.offset < offset; this.#next = this.#take()) skipped.push(this.#next);
    const at = this.#next?.offset === offset ? this.#next : undefined;
    if (at) this.#next = this.#take();
    return { skipped, at };
  }

  #take(): Proven | undefined {
    const { done, value } = this.#events.next();
    return done ? undefined : value;
  }
}

function* provenEvents(tree: Tree): Generator<Proven, undefined> {
  const where = (offset: number) => `${tree.name} offset ${offset}`;
  for (const leaf of leavesOf(tree)) {
    if ('events' in leaf)
      for (const [offset, id, hash] of leaf.events) yield { id, offset, hash, where: where(offset) };
    if ('unreadable' in leaf)
      for (const [offset, hash] of leaf.unreadable) yield { id: '', offset, hash, where: where(offset) };
  }
  return undefined;
}

/** As a leaf has it. */
const longestId = 200;

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

/** As ingest asks. */
function isReadable(row: StoredRow): boolean {
  if (textOf(row, 'topic') === topics.session) return false;
  try {
    return controlEventRow(eventOf(row)).length > 0;
  } catch {
    return false;
  }
}

const hidden = (where: string): Finding => ({
  kind: 'deleted row',
  where,
  why: 'it lies among what could not be read, and can be read',
});
