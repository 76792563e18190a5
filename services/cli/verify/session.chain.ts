import { contentHash, linkHash, saltBytes, SessionEndedSchema, type Envelope } from '#events';
import { unknownSession, sessionEventRow } from '#audit-rows';
import type { Erasures } from './erasures.js';
import { keptRows, type Kept } from './expired.rows.js';
import { span, type Finding, type FindingKind } from './finding.js';
import { eventOf, textOf, type SessionRecord, type StoredRow } from './stored.rows.js';

/** Events `from` to `to` of a session stand in a tree, and the chain's hash after them was this. */
export interface Covered {
  readonly from: number;
  readonly to: number;
  readonly head: string;
  /** Where the tree's log has the last of them. */
  readonly offset?: number;
  /** `topic/partition` */
  readonly tree?: string;
}

interface Placed {
  readonly row: StoredRow;
  /** As the row says. */
  readonly at: number;
  readonly envelope: Envelope | undefined;
  /** As its bytes say; 0 where they are no event of this session. */
  readonly seq: number;
}

export interface ChainResult {
  readonly findings: readonly Finding[];
  /** Rows whose bytes are what and where they should be: their columns can be held against them. */
  readonly sound: readonly StoredRow[];
  /** Whether nothing is missing and nothing has expired. */
  readonly whole: boolean;
  /** Events of which no more is left than their hash covers. */
  readonly expired: number;
  /** The hash after each event, hex, by seq. */
  readonly heads: ReadonlyMap<number, string>;
  readonly last: number;
}

/** Holds the bytes of a session's events against the session's chain, and both against what the trees say of it. */
export function checkChain(
  record: SessionRecord,
  covered: readonly Covered[],
  erasures: Erasures = new Map(),
): ChainResult {
  return new ChainCheck(record, covered, erasures).run();
}

class ChainCheck {
  readonly #findings: Finding[] = [];
  readonly #placed: readonly Placed[];
  /** By seq: from a row, or from where unreadable ones lie. */
  readonly #bySeq = new Map<number, Envelope>();
  readonly #heads = new Map<number, string>();
  /** Seqs that a finding names; a row may claim any number, so runs of them are not counted out. */
  readonly #named = new Set<number>();
  readonly #namedRuns: (readonly [from: number, to: number])[] = [];
  readonly #unread: readonly Placed[];
  /** Of events that have no row any more, by seq. */
  readonly #kept: ReadonlyMap<number, Kept>;

  constructor(
    private readonly record: SessionRecord,
    private readonly covered: readonly Covered[],
    erasures: Erasures,
  ) {
    this.#placed = record.events.map((row) => placed(row, record.session));
    this.#unread = record.deadLetters.map((row) => placed(row, record.session));
    for (const each of this.#unread) this.#take(each);
    for (const each of this.#placed) this.#take(each);
    const kept = keptRows(record.expired, covered, erasures);
    this.#kept = new Map([...kept].filter(([seq]) => !this.#bySeq.has(seq)));
  }

  run(): ChainResult {
    for (const each of this.#placed) this.#checkPlace(each);
    for (const each of this.#unread) this.#checkUnread(each);
    const lastKept = [...this.#kept.keys()].reduce((most, seq) => Math.max(most, seq), 0);
    const last = this.#placed.reduce((most, { at, seq }) => Math.max(most, at, seq), lastKept);
    const lastCovered = this.covered.reduce((most, { to }) => Math.max(most, to), 0);
    this.#checkKept();
    this.#checkMissing(last, lastCovered);
    this.#checkHashes();
    this.#checkHeads();
    this.#checkEnd();
    const sound = this.#placed
      .filter(({ at, seq }) => at === seq && !this.#isNamed(at))
      .map(({ row }) => row);
    return {
      findings: this.#findings,
      sound,
      whole: this.#findings.length === 0 && this.#kept.size === 0,
      expired: this.#kept.size,
      heads: this.#heads,
      last,
    };
  }

  #take({ envelope, seq }: Placed): void {
    if (envelope && seq > 0 && !this.#bySeq.has(seq)) this.#bySeq.set(seq, envelope);
  }

  /** Whether the row holds the event that it says. */
  #checkPlace({ at, seq, envelope }: Placed): void {
    if (this.#isNamed(at)) return;
    if (at === seq && envelope && seq > 0) {
      if (this.#bySeq.get(seq) !== envelope) this.#find('added row', at, at, 'another event has its place');
      return;
    }
    if (!envelope) return this.#find('changed text', at, at, 'its bytes are no event');
    if (seq === 0)
      return this.#find(
        'swapped',
        at,
        at,
        `it holds seq ${String(envelope.link?.seq ?? 'none')} of ${envelope.subject || 'no session'}`,
      );
    const other = this.#placed.find((each) => each.at === seq);
    if (other?.seq === at) {
      this.#named.add(seq);
      return this.#find('swapped', at, at, `seq ${at} and seq ${seq} hold each other's event`);
    }
    this.#find('swapped', at, at, `it holds the event of seq ${seq}`);
  }

  /** What lies among the unreadable stands in no table: it must be the session's, and must not be readable. */
  #checkUnread({ row, at, seq, envelope }: Placed): void {
    // Without a place in a session it is held against the trees as events of other topics are.
    if (at === 0) return;
    if (at !== seq)
      return this.#find('added row', at, at, 'what could not be read is no event of that place');
    if (envelope && isReadable(row)) this.#find('deleted row', at, at, hiddenRow);
  }

  /** Up to `last` a row is missing between others; past it the trees know of more than the store has. */
  #checkMissing(last: number, lastCovered: number): void {
    for (const [from, to] of gapsIn([...this.#bySeq.keys(), ...this.#kept.keys(), ...this.#named, last + 1]))
      this.#find(
        'deleted row',
        from,
        to,
        to === from ? 'it is not in the store' : 'they are not in the store',
      );
    const dead = [...this.#bySeq.keys()].reduce((most, seq) => Math.max(most, seq), last);
    if (lastCovered > dead)
      this.#find(
        'truncated tail',
        dead + 1,
        lastCovered,
        `the tree has events up to seq ${lastCovered}, the store up to ${dead}`,
      );
  }

  /** Whether what is gone may be. */
  #checkKept(): void {
    let run: { from: number; to: number; why: string } | undefined;
    const say = () => run && this.#find('deleted row', run.from, run.to, run.why);
    for (const { seq, permitted, why } of [...this.#kept.values()].sort((a, b) => a.seq - b.seq)) {
      if (permitted) continue;
      if (run?.why === why && seq === run.to + 1) run.to = seq;
      else {
        say();
        run = { from: seq, to: seq, why };
      }
    }
    say();
  }

  #checkHashes(): void {
    const seqs = [...this.#bySeq.keys(), ...this.#kept.keys()].sort((a, b) => a - b);
    for (const seq of seqs) {
      const kept = this.#kept.get(seq);
      const envelope = this.#bySeq.get(seq);
      if (kept) this.#checkKeptHash(kept);
      else if (envelope) this.#checkHash(seq, envelope);
    }
  }

  /** Where it does not follow, it is this one that was changed, or the one before, which is named then. */
  #checkKeptHash({ seq, hash, hashAfter }: Kept): void {
    const before = seq === 1 ? '0'.repeat(64) : this.#heads.get(seq - 1);
    this.#heads.set(seq, hash);
    if (before === undefined || this.#isNamed(seq - 1) || hashAfter(before) === hash) return;
    this.#find('changed text', seq, seq, 'what is kept of it is not what its hash covers');
  }

  #checkHash(seq: number, envelope: Envelope): void {
    const { link } = envelope;
    if (!link) return;
    const hash = hashOf(envelope, seq);
    if (hash === undefined)
      return this.#find(
        'changed text',
        seq,
        seq,
        'no hash can be made of what it says: something is too long',
      );
    this.#heads.set(seq, hash);
    const before = seq === 1 ? '0'.repeat(64) : this.#heads.get(seq - 1);
    if (link.salt.length !== saltBytes)
      this.#find('changed text', seq, seq, `its salt has ${link.salt.length} bytes`);
    else if (hash !== hex(link.hash))
      this.#find('changed text', seq, seq, 'its bytes are not those of its hash');
    else if (before !== undefined && before !== hex(link.prev) && !this.#isNamed(seq - 1))
      this.#find(
        'changed text',
        Math.max(seq - 1, 1),
        Math.max(seq - 1, 1),
        `its hash is not the one that seq ${seq} follows`,
      );
  }

  /** Whoever hashes a whole chain anew cannot change what stands in a tree. */
  #checkHeads(): void {
    for (const { from, to, head } of this.covered) {
      const computed = this.#heads.get(to);
      if (computed === undefined || computed === head || this.#namedWithin(from, to)) continue;
      this.#find('changed text', from, to, `the chain's hash after seq ${to} is not the one in the tree`);
    }
  }

  /** Nothing follows a session's end. */
  #checkEnd(): void {
    const ends = [...this.#bySeq].filter(([, { type }]) => type === SessionEndedSchema.typeName);
    const end = ends.reduce((least, [seq]) => Math.min(least, seq), Infinity);
    for (const seq of [...this.#bySeq.keys()].sort((a, b) => a - b))
      if (seq > end && !this.#isNamed(seq))
        this.#find('added row', seq, seq, `the session had ended with seq ${end}`);
  }

  #namedWithin(from: number, to: number): boolean {
    return (
      [...this.#named].some((seq) => seq >= from && seq <= to) ||
      this.#namedRuns.some((run) => run[0] <= to && run[1] >= from)
    );
  }

  #isNamed(seq: number): boolean {
    return this.#named.has(seq) || this.#namedRuns.some(([from, to]) => seq >= from && seq <= to);
  }

  #find(kind: FindingKind, from: number, to: number, why: string): void {
    if (from === to) this.#named.add(from);
    else this.#namedRuns.push([from, to]);
    this.#findings.push({ kind, where: `session ${this.record.session} seq ${span(from, to)}`, why });
  }
}

function placed(row: StoredRow, session: string): Placed {
  const at = Number(textOf(row, 'seq'));
  try {
    const { envelope } = eventOf(row);
    return { row, at, envelope, seq: envelope.subject === session ? Number(envelope.link?.seq ?? 0n) : 0 };
  } catch {
    return { row, at, envelope: undefined, seq: 0 };
  }
}

/** Hex; undefined for what no gate writes: an id, a salt or a number beyond all measure. */
function hashOf({ link, id, type, timeUs, data }: Envelope, seq: number): string | undefined {
  try {
    const { prev = new Uint8Array(), salt = new Uint8Array() } = link ?? {};
    return hex(linkHash({ prev, seq, id, type, timeUs, content: contentHash(salt, data) }));
  } catch {
    return undefined;
  }
}

/** The runs of numbers from 1 that are not there, up to the greatest that is. */
function gapsIn(seqs: readonly number[]): [number, number][] {
  const gaps: [number, number][] = [];
  let before = 0;
  for (const seq of [...seqs].sort((a, b) => a - b)) {
    if (seq > before + 1) gaps.push([before + 1, seq - 1]);
    before = Math.max(before, seq);
  }
  return gaps;
}

const hiddenRow = 'it lies among what could not be read, and can be read';

/** As ingest asks. */
function isReadable(row: StoredRow): boolean {
  try {
    const event = eventOf(row);
    const { link } = event.envelope;
    return link !== undefined && sessionEventRow(event, link, unknownSession()).length > 0;
  } catch {
    return false;
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
