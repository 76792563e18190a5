import { query } from '../../support/raw-client.js';
import { TappedConnection, type Frame } from '../../support/wire-tap.js';
import { Attacker, protocols, type Ask, type Protocol } from './attacker.js';
import type { Script } from './attacks/scripts.js';
import { settle, type WireAttack } from './attacks/wire.js';
import type { TheftStage } from './theft.stage.js';
import { withAdmin } from './vault.js';

/** What went wrong: a value was found, or the two databases did not answer alike. */
export interface Finding {
  readonly attack: string;
  readonly protocol: Protocol;
  readonly what: 'leak' | 'oracle' | 'hang';
  readonly evidence: string;
}

export interface Haul {
  readonly findings: Finding[];
  /** Attack texts and scripts, each by each protocol, on each database. */
  attempts: number;
  bytes: number;
  refused: number;
  /** Messages by their type. */
  readonly messages: Record<string, number>;
}

type Step = (attacker: Attacker, protocol: Protocol, twin: 'a' | 'b') => Promise<unknown>;

/** Runs attacks against both databases at a time, searches all that comes back and compares it. */
export class Robbery {
  readonly haul: Haul = { findings: [], attempts: 0, bytes: 0, refused: 0, messages: {} };
  private sessions: Attacker[] = [];

  constructor(
    private readonly stage: TheftStage,
    private readonly connections: readonly [string, string] = ['vault-a', 'vault-b'],
  ) {}

  /** Texts, each in a transaction of its own that is rolled back. `which`: the protocols for the text at a place. */
  async texts(
    asks: readonly Ask[],
    which: (at: number) => readonly Protocol[] = () => protocols,
  ): Promise<void> {
    for (const [at, ask] of asks.entries())
      for (const protocol of which(at)) {
        await this.open();
        await this.both(ask.text, protocol, async (attacker) => {
          await attacker.send(query('begin'));
          await attacker.ask(ask, protocol);
          if (!attacker.closed) await attacker.send(query('rollback'));
        });
      }
    this.leave();
  }

  /** Scripts, each in a session of its own. */
  async scripts(scripts: readonly Script[]): Promise<void> {
    for (const { name, steps } of scripts)
      for (const protocol of protocols) {
        await this.open();
        await this.both(name, protocol, async (attacker) => {
          for (const step of steps)
            if (!attacker.closed)
              await attacker.ask(typeof step === 'string' ? { text: step } : step, protocol);
          await attacker.idle(5);
        });
        this.leave();
      }
  }

  /** `which`: as for texts. */
  async wire(
    attacks: readonly WireAttack[],
    which: (at: number) => readonly Protocol[] = () => protocols,
  ): Promise<void> {
    for (const [at, { name, run, after }] of attacks.entries())
      for (const protocol of which(at)) {
        await this.open();
        await this.both(name, protocol, async (attacker, _, twin) => {
          const owner = (sql: string) =>
            withAdmin(this.stage.postgres, `vault_${twin}`, (admin) => admin.query(sql));
          try {
            await run(attacker, protocol, owner);
          } finally {
            if (after !== undefined) await owner(after).then(settle);
          }
        });
        this.leave();
      }
  }

  private async open(): Promise<void> {
    if (this.sessions.length > 0 && !this.sessions.some(({ closed }) => closed)) return;
    this.leave();
    this.sessions = await Promise.all(
      this.connections.map(async (connection) => Attacker.signIn(await this.stage.address(connection))),
    );
  }

  private leave(): void {
    for (const session of this.sessions) session.end();
    this.sessions = [];
  }

  private async both(attack: string, protocol: Protocol, step: Step): Promise<void> {
    const answers = await Promise.all(
      this.sessions.map(async (attacker, at) => {
        this.haul.attempts += 1;
        await step(attacker, protocol, at === 0 ? 'a' : 'b').catch((error: unknown) =>
          this.haul.findings.push({ attack, protocol, what: 'hang', evidence: String(error) }),
        );
        return this.look(attack, protocol, attacker.drain());
      }),
    );
    const [a, b] = answers as [string[], string[]];
    const differs = a.findIndex((line, at) => line !== b[at]);
    if (unstable.test(attack) || (differs < 0 && a.length === b.length)) return;
    const evidence = `${a[differs] ?? 'nothing'}  <>  ${b[Math.max(0, differs)] ?? 'nothing'}`;
    this.haul.findings.push({ attack, protocol, what: 'oracle', evidence: evidence.slice(0, 600) });
  }

  /** Searches the bytes; returns the messages without what differs between any two sessions. */
  private look(attack: string, protocol: Protocol, bytes: Buffer): string[] {
    const { haul, stage } = this;
    haul.bytes += bytes.length;
    const frames = framesIn(bytes);
    for (const { type } of frames) haul.messages[type] = (haul.messages[type] ?? 0) + 1;
    haul.refused += frames.filter(({ type, body }) => type === 'E' && body.includes('C42501')).length;
    const found = stage.searcher.find(withoutIds(bytes));
    if (found.length > 0)
      haul.findings.push({ attack, protocol, what: 'leak', evidence: found.slice(0, 3).join('; ') });
    return frames.filter(({ type }) => type !== 'K').map(comparable);
  }
}

export function framesIn(bytes: Buffer): readonly Frame[] {
  const connection = new TappedConnection(() => undefined);
  connection.add(bytes);
  return connection.frames.frames;
}

// An id is 26 letters and digits that mean nothing; a statement's has its number behind.
const ids = /[a-z]{2,4}_[0-9a-hjkmnp-tv-z]{26}(-\d+)?/g;
// Parts of a second; no masked value is of this century.
const times = /20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d+/g;

/** Random letters and digits may look like anything. */
export const withoutIds = (bytes: Buffer): Buffer =>
  Buffer.from(bytes.toString('latin1').replaceAll(ids, 'ID').replaceAll(times, 'TIME'), 'latin1');

function comparable({ type, body }: Frame): string {
  const text = (type === 'T' ? withoutTables(body) : body)
    .toString('latin1')
    .replaceAll(ids, 'ID')
    .replaceAll(/(vault|planted)([-_])[ab]/g, '$1$2x')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
    .replaceAll(/actual time=[\d.]+/g, 'actual time')
    .replaceAll(/(Planning|Execution) Time: [\d.]+/g, '$1 Time');
  return `${type} ${JSON.stringify(text)}`;
}

/* RowDescription: count:int16 [ name:cstring table:int32 attribute:int16 … ]*: new tables have numbers of their own. */
function withoutTables(body: Buffer): Buffer {
  const copy = Buffer.from(body);
  for (let left = body.readInt16BE(0), at = 2; left > 0; left--) {
    at = body.indexOf(0, at) + 19;
    copy.fill(0, at - 18, at - 14);
  }
  return copy;
}

/** Answers that differ between any two databases, whatever is in them. They are searched all the same. */
const unstable =
  /pg_locks|pg_stat_|pg_cursors|prepared_statements|random|pg_settings|show all|pg_ls|pg_file|pg_class|xmin|information_schema|settings that tell$/i;
