import { ErasedSchema, payload, topics, type Envelope, type Erased } from '#events';
import { sha256Hex } from '#proof';
import type { Cli } from '../verb.js';
import type { Finding } from './finding.js';
import { controlRecords, placeOf } from './session.records.js';
import { eventOf, textOf, type StoredRow } from './stored.rows.js';
import { leavesOf, type Tree } from './trees.js';

/** What an `Erased` event says that a checkpoint covers. */
export interface Erasure {
  readonly id: string;
  readonly where: string;
  /** The partition that was erased from, `topic/partition`, and up to which offset. */
  readonly tree: string;
  readonly through: number;
  readonly sessions: number;
  readonly events: number;
  readonly rule: string;
  readonly days: number;
  readonly by: string;
  /** When that was said, by the clock of who said it. Milliseconds. */
  readonly at: number;
}

export type Erasures = ReadonlyMap<string, Erasure>;

/** What no checkpoint covers says nothing: it permits no erasure. */
export async function loadErasures(trees: readonly Tree[], cli: Cli): Promise<Erasures> {
  const proven = provenHashes(trees);
  const found = new Map<string, Erasure>();
  if (proven.size === 0) return found;
  const lines = cli.api('auditor').lines('/log/records/control', { query: { topic: topics.retention } });
  for await (const { control } of controlRecords(lines)) {
    const erasure = control && erasureOf(control, proven);
    if (erasure && !found.has(erasure.id)) found.set(erasure.id, erasure);
  }
  return found;
}

/** By place, SHA-256 of each event that stands in a tree of the topic. */
function provenHashes(trees: readonly Tree[]): ReadonlyMap<string, string> {
  const hashes = new Map<string, string>();
  for (const tree of trees.filter(({ name }) => name.startsWith(`${topics.retention}/`)))
    for (const leaf of leavesOf(tree))
      if ('events' in leaf)
        for (const [offset, , hash] of leaf.events) hashes.set(`${tree.name} offset ${offset}`, hash);
  return hashes;
}

function erasureOf(row: StoredRow, proven: ReadonlyMap<string, string>): Erasure | undefined {
  const where = placeOf(row);
  if (sha256Hex(Buffer.from(textOf(row, 'raw'), 'base64')) !== proven.get(where)) return undefined;
  const said = readErased(row);
  if (!said) return undefined;
  const { envelope, erased } = said;
  const { sessions, rule, days, by } = erased;
  return {
    ...{ id: envelope.id, where, sessions, rule, days, by },
    tree: `${erased.topic}/${erased.partition}`,
    through: Number(erased.through),
    events: Number(erased.events),
    at: Number(envelope.timeUs / 1000n),
  };
}

/** What the log has there may be anything. */
function readErased(row: StoredRow): { envelope: Envelope; erased: Erased } | undefined {
  try {
    const { envelope } = eventOf(row);
    const erased = payload(ErasedSchema, envelope);
    return erased && { envelope, erased };
  } catch {
    return undefined;
  }
}

/** Milliseconds that clocks may be apart. */
const apart = 600_000;

/** What is wrong with them by themselves. `least`: the days that whoever verifies knows the rule to be. */
export function checkErasures(erasures: Erasures, least: number, now: number): Finding[] {
  return [...erasures.values()].flatMap(({ where, days, at, id }): Finding[] => {
    const wrong = (why: string): Finding => ({ kind: 'wrong erasure', where, why: `${id} ${why}` });
    if (days < least) return [wrong(`erased what was older than ${days} days; the least is ${least}`)];
    return at > now + apart ? [wrong(`says that it is of ${dayOf(at)}, which is to come`)] : [];
  });
}

/** How much of each erasure was seen, held against what it says. */
export class ErasureTally {
  readonly #events = new Map<string, number>();
  readonly #sessions = new Map<string, Set<string>>();

  add(expired: readonly StoredRow[]): void {
    for (const row of expired) {
      const id = textOf(row, 'erasure');
      this.#events.set(id, this.events(id) + 1);
      this.#sessions.set(id, (this.#sessions.get(id) ?? new Set()).add(textOf(row, 'session_id')));
    }
  }

  events(id: string): number {
    return this.#events.get(id) ?? 0;
  }

  sessions(id: string): number {
    return this.#sessions.get(id)?.size ?? 0;
  }

  /** Only where everything was read. */
  check(erasures: Erasures): Finding[] {
    return [...erasures.values()]
      .filter(({ id, events, sessions }) => this.events(id) !== events || this.sessions(id) !== sessions)
      .map(({ id, where, events, sessions }) => ({
        kind: 'wrong erasure',
        where,
        why: `${id} says ${events} events of ${sessions} sessions, of ${this.events(id)} of ${this.sessions(id)} something is kept`,
      }));
  }
}

export const erasureLine = ({ id, rule, days, by, at }: Erasure, events: number, sessions: number): string =>
  `expired: ${events} events of ${sessions} sessions by rule ${rule}, ${days} days, on ${dayOf(at)} (${id}, ${by})`;

export const dayOf = (ms: number): string =>
  Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString().slice(0, 10) : 'no day';
