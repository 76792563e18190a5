import 'reflect-metadata';
import '../support/idle-machine.js';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module, type INestApplication } from '@nestjs/common';
import type { ClickHouseClient } from '#audit-store';
import { openEmbeddedLog, type EventLog } from '#event-log';
import {
  encodeEnvelope,
  genesis,
  HoldResolvedSchema,
  linkEnvelope,
  newEvent,
  ResultChunkSchema,
  SessionEndedSchema,
  SessionStartedSchema,
  StatementOutcomeSchema,
  StatementReceivedSchema,
  topics,
  type ChainHead,
  type EncodedEnvelope,
  type Envelope,
  type Topic,
} from '#events';
import { AppError, systemClock, type Clock } from '#kernel';
import { bootHttp, parseConfig, PlatformModule, type WeirConfig } from '#platform';
import { AuditModule } from '../../services/audit/audit.module.js';
import { AUDIT_WRITER } from '../../services/audit/audit.tokens.js';
import { IngestService } from '../../services/audit/ingest/ingest.service.js';
import { ProofService } from '../../services/audit/proof/proof.service.js';
import { runCli } from '../../services/cli/cli.js';

const verifier = {
  verify: async (token: string) => {
    if (token !== 'ok') throw new AppError('TOKEN_INVALID', 'no');
    const principal = {
      id: 'corp:eve',
      issuer: 'corp',
      subject: 'eve',
      kind: 'person' as const,
      groups: ['auditors'],
    };
    return { principal, expiresAt: Date.now() + 60_000 };
  },
};

/** The audit service over a real log and a real store, and the command that verifies it. */
export class ProofStage {
  readonly dir = mkdtempSync(join(tmpdir(), 'weir-proof-'));
  log!: EventLog;
  #app!: INestApplication;
  #url = '';
  readonly #heads = new Map<string, ChainHead>();

  private constructor(
    private readonly yaml: string,
    private readonly clock: Clock,
  ) {}

  static async open(
    yaml = 'audit: { proof: { interval: 50, sink: "file:outside/checkpoints" } }',
    prepare: (dir: string) => void = () => undefined,
    clock: Clock = systemClock,
  ): Promise<ProofStage> {
    const stage = new ProofStage(yaml, clock);
    prepare(stage.dir);
    await stage.up();
    return stage;
  }

  config(): WeirConfig {
    const yaml = `identity: { roles: { auditor: [auditors] } }\n${this.yaml}`;
    return parseConfig(yaml, join(this.dir, 'weir.yaml'), this.dir);
  }

  async up(): Promise<void> {
    const config = this.config();
    this.log = openEmbeddedLog({ path: join(this.dir, 'log'), clock: this.clock });
    const platform = { config, clock: this.clock, eventLog: this.log, instance: 'proof-test', verifier };
    @Module({ imports: [PlatformModule.forRoot(platform), AuditModule] })
    class App {}
    this.#app = await bootHttp(App, { listen: { host: '127.0.0.1', port: 0 }, shutdownHooks: false });
    const { port } = this.#app.getHttpServer().address() as AddressInfo;
    this.#url = `http://127.0.0.1:${port}`;
  }

  async down(): Promise<void> {
    await this.#app.close();
    await this.log.close();
  }

  async restart(): Promise<void> {
    await this.down();
    await this.up();
  }

  async close(): Promise<void> {
    await this.down();
    rmSync(this.dir, { recursive: true, force: true });
  }

  get<T>(token: symbol | (new (...args: never[]) => T)): T {
    return this.#app.get<T>(token, { strict: false });
  }

  /** `./weir …` as an auditor. */
  async weir(...args: string[]): Promise<{ code: number; out: string[]; err: string[] }> {
    const out: string[] = [];
    const err: string[] = [];
    const world = {
      url: this.#url,
      env: { WEIR_TOKEN: 'ok' },
      cwd: this.dir,
      dataDir: this.dir,
      interactive: false,
    };
    const code = await runCli(args, {
      ...world,
      out: (line) => out.push(...line.split('\n')),
      err: (line) => err.push(...line.split('\n')),
    });
    return { code, out, err };
  }

  async fetch(path: string): Promise<Response> {
    return fetch(`${this.#url}/api${path}`, { headers: { authorization: 'Bearer ok' } });
  }

  /** Links the events to their sessions, appends them, and waits until the store has them. */
  async append(events: readonly Envelope[], topic: Topic = topics.session): Promise<EncodedEnvelope[]> {
    for (const event of topic === topics.session ? events : []) {
      const head = this.#heads.get(event.subject) ?? genesis;
      this.#heads.set(event.subject, linkEnvelope(event, head));
    }
    const raw = events.map(encodeEnvelope);
    await this.appendRaw(raw, topic);
    return raw;
  }

  async appendRaw(raw: readonly EncodedEnvelope[], topic: Topic = topics.session): Promise<void> {
    const positions = await this.log.append(topic, raw);
    const { partition, offset } = positions.at(-1)!;
    await this.get(IngestService).readFrom(`${topic}/${partition}/${offset}`);
  }

  /** What is stored is in the trees, and their checkpoints at the sink. */
  cover(): Promise<void> {
    return this.get(ProofService).round();
  }

  /** Past whatever the API allows: what somebody with the engine's own rights can do. */
  async tamper(query: string): Promise<void> {
    const client = this.get<ClickHouseClient>(AUDIT_WRITER);
    await client.command({ query, clickhouse_settings: { mutations_sync: '1' } });
  }

  async rows<T>(query: string): Promise<T[]> {
    const client = this.get<ClickHouseClient>(AUDIT_WRITER);
    return (await client.query({ query, format: 'JSONEachRow' })).json<T>();
  }
}

/** Start, a read with rows, a held statement, and its end: ten events. */
export function aSession(id: string, { ended = true, clock = systemClock } = {}): Envelope[] {
  const origin = { source: 'proxy/test', subject: id, clock };
  const principal = { id: 'corp:agent-7', kind: 'agent', onBehalfOf: 'corp:ana' };
  const [first, second] = [`stm_${id}_1`, `stm_${id}_2`];
  const frames = Buffer.from('44000000' + '11' + '0001' + '00000007' + '6d61736b656421', 'hex');
  const events = [
    newEvent(
      SessionStartedSchema,
      { sessionId: id, principal, connection: 'orders', protocol: 'postgres' },
      origin,
    ),
    newEvent(
      StatementReceivedSchema,
      {
        ...{ statementId: first, text: 'select email from customers', how: 'simple', kinds: ['select'] },
        ...{ reads: [{ schema: 'public', name: 'customers' }], decision: 'allow', policyIds: ['base'] },
        ...{ parameters: [{ value: '7' }, { null: true }], maxRows: 18446744073709551615n },
        columns: [{ schema: 'public', table: 'customers', column: 'email' }],
      },
      origin,
    ),
    newEvent(
      ResultChunkSchema,
      { statementId: first, columns: [{ name: 'email' }], frames, rowCount: 1 },
      origin,
    ),
    newEvent(ResultChunkSchema, { statementId: first, index: 1, frames, rowCount: 1 }, origin),
    newEvent(
      StatementOutcomeSchema,
      { statementId: first, status: 'ok', rows: 2n, bytes: 36n, masked: { email: 2n }, durationUs: 812n },
      origin,
    ),
    newEvent(
      StatementReceivedSchema,
      {
        statementId: second,
        text: "delete from customers where note = '\u{1f512} é'",
        decision: 'hold',
        approvalId: 'apr_1',
      },
      origin,
    ),
    newEvent(
      HoldResolvedSchema,
      {
        statementId: second,
        approvalId: 'apr_1',
        outcome: 'approved',
        decidedBy: ['corp:bea'],
        waitedUs: 5n,
      },
      origin,
    ),
    newEvent(
      StatementReceivedSchema,
      { statementId: `${second}b`, text: 'select 1', decision: 'deny' },
      origin,
    ),
    newEvent(StatementOutcomeSchema, { statementId: second, status: 'error', sqlstate: '42501' }, origin),
  ];
  return ended
    ? [...events, newEvent(SessionEndedSchema, { reason: 'terminated', bytesIn: 9n }, origin)]
    : events;
}
