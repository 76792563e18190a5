import { contentHash, linkHash, type Envelope } from '#events';
import { span, type Finding, type FindingKind } from './finding.js';
import { eventOf, textOf, type SessionRecord, type StoredRow } from './stored.rows.js';

/** Events `from` to `to` of a session stand in a tree, and the chain's hash after them was this. */
export interface Covered {
  readonly from: number;
  readonly to: number;
  readonly head: string;
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
  /** Whether anything between them is missing. */
  readonly whole: boolean;
  /** The hash after each event, hex, by seq. */
  readonly heads: ReadonlyMap<number, string>;
  readonly last: number;
}

/** Holds the bytes of a session's events against the session's chain, and both against what the trees say of it. */
export function checkChain(record: SessionRecord, covered: readonly Covered[]): ChainResult {
  return new ChainCheck(record, covered).run();
}

class ChainCheck {
  readonly #findings: Finding[] = [];
  readonly #placed: readonly Placed[];
  /** By seq: from a row, or from where unreadable ones lie. */
  readonly #bySeq = new Map<number, Envelope>();
  readonly #heads = new Map<number, string>();
  /** Seqs that a finding names. */
  readonly #named = new Set<number>();

  constructor(
    private readonly record: SessionRecord,
    private readonly covered: readonly Covered[],
  ) {
    this.#placed = record.events.map((row) => placed(row, record.session));
    for (const row of record.deadLetters) this.#take(placed(row, record.session));
    for (const each of this.#placed) this.#take(each);
  }

  run(): ChainResult {
    for (const each of this.#placed) this.#checkPlace(each);
    const last = this.#placed.reduce((most, { at, seq }) => Math.max(most, at, seq), 0);
    const lastCovered = this.covered.reduce((most, { to }) => Math.max(most, to), 0);
    this.#checkMissing(last, lastCovered);
    this.#checkHashes();
    this.#checkHeads();
    const sound = this.#placed
      .filter(({ at, seq }) => at === seq && !this.#named.has(at))
      .map(({ row }) => row);
    return {
      findings: this.#findings,
      sound,
      whole: this.#findings.length === 0 && this.record.deadLetters.length === 0,
      heads: this.#heads,
      last,
    };
  }

  #take({ envelope, seq }: Placed): void {
    if (envelope && seq > 0 && !this.#bySeq.has(seq)) this.#bySeq.set(seq, envelope);
  }

  /** Whether the row holds the event that it says. */
  #checkPlace({ at, seq, envelope }: Placed): void {
    if (this.#named.has(at)) return;
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

  /** Up to `last` a row is missing between others; past it the trees know of more than the store has. */
  #checkMissing(last: number, lastCovered: number): void {
    const missing: number[] = [];
    for (let seq = 1; seq <= last; seq++)
      if (!this.#bySeq.has(seq) && !this.#named.has(seq)) missing.push(seq);
    for (const [from, to] of runsOf(missing))
      this.#find(
        'deleted row',
        from,
        to,
        to === from ? 'it is not in the store' : 'they are not in the store',
      );
    const dead = Math.max(last, ...this.#bySeq.keys());
    if (lastCovered > dead)
      this.#find(
        'truncated tail',
        dead + 1,
        lastCovered,
        `the tree has events up to seq ${lastCovered}, the store up to ${dead}`,
      );
  }

  #checkHashes(): void {
    for (const [seq, envelope] of [...this.#bySeq].sort(([a], [b]) => a - b)) {
      const { link } = envelope;
      if (!link) continue;
      const content = contentHash(link.salt, envelope.data);
      const { id, type, timeUs } = envelope;
      const hash = hex(linkHash({ prev: link.prev, seq, id, type, timeUs, content }));
      this.#heads.set(seq, hash);
      const before = seq === 1 ? '0'.repeat(64) : this.#heads.get(seq - 1);
      if (hash !== hex(link.hash))
        this.#find('changed text', seq, seq, 'its bytes are not those of its hash');
      else if (before !== undefined && before !== hex(link.prev) && !this.#named.has(seq - 1))
        this.#find(
          'changed text',
          Math.max(seq - 1, 1),
          Math.max(seq - 1, 1),
          `its hash is not the one that seq ${seq} follows`,
        );
    }
  }

  /** Whoever hashes a whole chain anew cannot change what stands in a tree. */
  #checkHeads(): void {
    for (const { from, to, head } of this.covered) {
      const computed = this.#heads.get(to);
      if (computed === undefined || computed === head || this.#namedWithin(from, to)) continue;
      this.#find('changed text', from, to, `the chain's hash after seq ${to} is not the one in the tree`);
    }
  }

  #namedWithin(from: number, to: number): boolean {
    return [...this.#named].some((seq) => seq >= from && seq <= to);
  }

  #find(kind: FindingKind, from: number, to: number, why: string): void {
    for (let seq = from; seq <= to; seq++) this.#named.add(seq);
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

function runsOf(seqs: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const seq of seqs) {
    const run = runs.at(-1);
    if (run?.[1] === seq - 1) run[1] = seq;
    else runs.push([seq, seq]);
  }
  return runs;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
