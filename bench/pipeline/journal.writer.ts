import { createHash } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import { SessionStartedSchema, StatementOutcomeSchema, StatementReceivedSchema } from '#events';
import { newId, systemClock } from '#kernel';
import { writeOutcome, writeParameter } from '../../services/proxy/gate/record.wire.js';
import { openJournal, type FileJournal, type SessionChain } from '../../services/proxy/journal/index.js';

/** Of one commit: what some sessions' reads of their sockets bring at once. */
const perCommit = 64;
const maxBytes = 4 * 1024 ** 3;

/** What `pgbench -S -M prepared` leaves in a gate's journal: of each statement that it was received, and its outcome. */
export class JournalWriter {
  /** Events written so far. */
  events = 0;
  readonly #sessions: readonly { readonly id: string; readonly chain: SessionChain }[];
  #statements = 0;

  private constructor(
    readonly journal: FileJournal,
    sessions: number,
  ) {
    this.#sessions = Array.from({ length: sessions }, () => this.#start());
    journal.commit()?.catch(() => {});
  }

  static async open(dir: string, sessions: number): Promise<JournalWriter> {
    const source = 'proxy/bench';
    return new JournalWriter(
      await openJournal({ dir, mode: 'write-ahead', maxBytes, clock: systemClock, source }),
      sessions,
    );
  }

  /** That many events more, an even number. */
  write(events: number): void {
    for (let i = 0; i < events; i += 2) {
      this.#statement(++this.#statements);
      if ((i / 2) % perCommit === perCommit - 1) this.journal.commit()?.catch(() => {});
    }
    this.journal.commit()?.catch(() => {});
  }

  close(): Promise<void> {
    return this.journal.close();
  }

  #start() {
    const id = newId('ses', systemClock.now());
    const chain = this.journal.openSession(id);
    chain.add(SessionStartedSchema, {
      ...{ sessionId: id, connection: 'bench', protocol: 'postgres', proxy: 'bench' },
      principal: { id: 'dev:agent', kind: 'agent', groups: ['agents'] },
      ...{ sourceAddress: '127.0.0.1:51234', clientProgram: 'pgbench', clientUser: 'agent' },
    });
    this.events++;
    return { id, chain };
  }

  #statement(n: number): void {
    const { id, chain } = this.#sessions[n % this.#sessions.length]!;
    const statementId = `${id}-${n}`;
    const aid = String((n * 7919) % 1_000_000);
    const received = chain.write().text(1, statementId).raw(judged).text(5, 'extended');
    writeParameter(received, { value: aid, null: false, note: '' });
    chain.addWritten(StatementReceivedSchema.typeName, { opens: statementId });
    const frames = dataRow(String((n * 31) % 100_000));
    const columns = [{ name: 'abalance', typeOid: 23, mask: '', class: '', format: 0 }] as const;
    const digest = createHash('sha256').update(frames).digest();
    const outcome = { status: 'ok', commandTag: 'SELECT 1', rows: 1, bytes: frames.length, digest } as const;
    const result = { columns: [...columns], frames, rowCount: 1 };
    writeOutcome(chain.write(), statementId, { ...outcome, result }, 100 + (n % 400));
    chain.addWritten(StatementOutcomeSchema.typeName, { closes: statementId });
    this.events += 2;
  }
}

const text = 'SELECT abalance FROM pgbench_accounts WHERE aid = $1;';

/** As a judgement is recorded: once encoded, for all executions. */
const judged = toBinary(
  StatementReceivedSchema,
  create(StatementReceivedSchema, {
    textHash: createHash('sha256').update(text).digest(),
    ...{ text, fingerprint: 'a1b2c3d4e5f60718', kinds: ['select'], decision: 'allow' },
    reads: [{ schema: 'public', name: 'pgbench_accounts' }],
    columns: ['abalance', 'aid'].map((column) => ({ schema: 'public', table: 'pgbench_accounts', column })),
    reason: 'agents read, masked',
    policyIds: ['agents-read'],
    ...{ snapshot: 'pol_01m7wfbyqd685ercy2qknzas5g', maxRows: 10_000n },
  }),
);

/* DataRow (B): 'D' length:int32 count:int16 [ size:int32 bytes ]* */
function dataRow(value: string): Buffer {
  const bytes = Buffer.alloc(11 + value.length);
  bytes.write('D');
  bytes.writeInt32BE(bytes.length - 1, 1);
  bytes.writeInt16BE(1, 5);
  bytes.writeInt32BE(value.length, 7);
  bytes.write(value, 11);
  return bytes;
}
