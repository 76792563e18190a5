import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { insertRows, type ClickHouseClient } from '#audit-store';
import { openEmbeddedLog } from '#event-log';
import type { EncodedEnvelope, Topic } from '#events';
import { AppError, systemClock } from '#kernel';
import { bootHttp, parseConfig, PlatformModule, TokenCallers } from '#platform';
import { AuditModule } from '../../services/audit/audit.module.js';
import { AUDIT_CONTROL, AUDIT_READER, AUDIT_WRITER } from '../../services/audit/audit.tokens.js';
import { ClickHouseEndpoint } from '../../services/audit/clickhouse/clickhouse.endpoint.js';
import { IngestService } from '../../services/audit/ingest/ingest.service.js';
import { ProofService } from '../../services/audit/proof/proof.service.js';
import { SqlRunner } from '../../services/audit/sql/sql.runner.js';
import { sampleRows } from '../support/sql-sample.js';

export interface ClickHouseHouse {
  readonly url: string;
  readonly dataDir: string;
  /** Sees what runs. */
  readonly control: ClickHouseClient;
  /** Puts events on the log, and waits until the store has them. */
  append(topic: Topic, events: readonly EncodedEnvelope[]): Promise<void>;
  /** What the store has is in the trees. */
  cover(): Promise<void>;
  /** `POST /api/sql` as an auditor: the answer as JSONEachRow has it. */
  api(query: string): Promise<Answer>;
  /** One more listener, not started. */
  endpoint(sql: string, tls?: { readonly cert: string; readonly key: string }): ClickHouseEndpoint;
  stop(): Promise<void>;
}

const verifier = {
  verify: async (token: string) => {
    if (token === 'expired') throw new AppError('TOKEN_EXPIRED', 'the token has expired');
    if (!token.startsWith('ok-')) throw new AppError('TOKEN_INVALID', 'the token is not valid');
    const subject = token.slice(3);
    const [group = ''] = subject.split('.');
    const principal = {
      id: `corp:${subject}`,
      issuer: 'corp',
      subject,
      kind: 'person' as const,
      groups: [group],
    };
    return { principal, expiresAt: Date.now() + 60_000 };
  },
};

/** The audit service with a few rows, and what `more` adds to its configuration; `ok-auditors` is an auditor's token, `ok-auditors.2` another auditor's. */
export async function startClickHouseHouse(
  rows: readonly string[] = sampleRows(),
  more = '',
): Promise<ClickHouseHouse> {
  const dataDir = mkdtempSync(join(tmpdir(), 'weir-clickhouse-'));
  const yaml = `listen: { sql: "127.0.0.1:0" }\naudit: { proof: { interval: 50 } }\nidentity: { roles: { auditor: [auditors], security: [security] } }\n${more}`;
  const config = parseConfig(yaml, join(dataDir, 'weir.yaml'), dataDir);
  const eventLog = openEmbeddedLog({ path: join(dataDir, 'log') });
  const platform = { config, clock: systemClock, eventLog, instance: 'audit-test', verifier };
  @Module({ imports: [PlatformModule.forRoot(platform), AuditModule] })
  class App {}
  const app = await bootHttp(App, {
    listen: { host: '127.0.0.1', port: 0 },
    shutdownHooks: false,
  });
  await insertRows(app.get(AUDIT_WRITER, { strict: false }), {
    table: 'session_event_rows',
    lines: rows,
    token: 'sample',
  });
  const address = app.get(ClickHouseEndpoint, { strict: false }).address;
  return {
    url: `http://127.0.0.1:${address?.port ?? 0}`,
    dataDir,
    control: app.get(AUDIT_CONTROL, { strict: false }),
    append: async (topic, events) => {
      const { partition, offset } = (await eventLog.append(topic, events)).at(-1)!;
      await app.get(IngestService, { strict: false }).readFrom(`${topic}/${partition}/${offset}`);
    },
    cover: () => app.get(ProofService, { strict: false }).round(),
    api: async (query) => {
      const { port } = app.getHttpServer().address() as AddressInfo;
      const answer = await fetch(`http://127.0.0.1:${port}/api/sql`, {
        method: 'POST',
        headers: { authorization: 'Bearer ok-auditors', 'content-type': 'application/json' },
        body: JSON.stringify({ query, format: 'JSONEachRow' }),
      });
      return { status: answer.status, text: await answer.text(), headers: answer.headers };
    },
    endpoint: (listen, tls) =>
      new ClickHouseEndpoint(
        { ...config, listen: { ...config.listen, sql: listen }, ...(tls && { tls }) },
        app.get(AUDIT_READER, { strict: false }),
        app.get(SqlRunner, { strict: false }),
        app.get(TokenCallers, { strict: false }),
      ),
    stop: async () => {
      await app.close();
      await eventLog.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

/** `POST /` as an auditor, the query in the body. */
export async function ask(
  house: ClickHouseHouse,
  query: string,
  search: Readonly<Record<string, string>> = {},
  init: RequestInit = {},
): Promise<Answer> {
  const url = `${house.url}/?${new URLSearchParams(search).toString()}`;
  const headers = { 'x-clickhouse-user': 'ana', 'x-clickhouse-key': 'ok-auditors', ...init.headers };
  const answer = await fetch(url, { method: 'POST', body: query, ...init, headers });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}
