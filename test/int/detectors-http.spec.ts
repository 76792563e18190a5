import 'reflect-metadata';
import '../support/idle-machine.js';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module, type INestApplication } from '@nestjs/common';
import { register } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openEmbeddedLog, type EventLog } from '#event-log';
import { topics } from '#events';
import { AppError, systemClock } from '#kernel';
import { bootHttp, parseConfig, PlatformModule } from '#platform';
import { AuditModule } from '../../services/audit/audit.module.js';
import type { DetectorList } from '../../services/audit/detection/detector.item.js';
import { shippedIds } from '../../services/audit/detection/detectors.load.js';
import { runCli } from '../../services/cli/cli.js';
import { sessionOf } from '../support/session-events.js';

vi.setConfig({ testTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), 'weir-detectors-'));
const own = join(folder, 'own');
let log: EventLog;
let app: INestApplication;
let url: string;

const verifier = {
  verify: (subject: string) => {
    if (subject === 'nobody') return Promise.reject(new AppError('TOKEN_INVALID', 'no'));
    const principal = { id: `corp:${subject}`, issuer: 'corp', subject, groups: [subject] };
    return Promise.resolve({
      principal: { ...principal, kind: 'person' as const },
      expiresAt: Date.now() + 60_000,
    });
  },
};

const detector = (id: string) => `-- id: ${id}
-- title: Rows
-- severity: low
-- technique: T1530
-- schedule: stream
-- explain: "{seen} rows"
SELECT identity, on_behalf_of, connection, table_name AS subject, toDateTime64(hour, 6) AS window_start,
  window_start + INTERVAL 1 HOUR AS window_end, sessions, statement_ids AS statements, rows AS seen
FROM weir.table_hours WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)}
`;
const reading = (table: string) => detector('odd').replace('weir.table_hours', table);
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

beforeAll(async () => {
  mkdirSync(own);
  write('own/ours.sql', detector('ours'));
  const yaml = `identity: { roles: { auditor: [auditor], security: [security], operator: [operator] } }
detection: { detectors: own/ }`;
  const config = parseConfig(yaml, join(folder, 'weir.yaml'), folder);
  log = openEmbeddedLog({ path: join(folder, 'log') });
  const platform = { config, clock: systemClock, eventLog: log, instance: 'audit-test', verifier };
  @Module({ imports: [PlatformModule.forRoot(platform), AuditModule] })
  class App {}
  app = await bootHttp(App, { listen: { host: '127.0.0.1', port: 0 }, shutdownHooks: false });
  url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
}, 60_000);

afterAll(async () => {
  await app.close();
  await log.close();
  rmSync(folder, { recursive: true, force: true });
});

async function weir(argv: readonly string[], who = 'security') {
  const [out, err]: [string[], string[]] = [[], []];
  const to = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
  const code = await runCli(['detectors', ...argv], { env: { WEIR_TOKEN: who }, url, cwd: folder, ...to });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

const metricsText = () => register.metrics();
const list = async () => JSON.parse((await weir(['--json'])).out) as DetectorList;
/** Looks are five seconds apart. */
const until = (isSo: (now: DetectorList) => boolean | Promise<boolean>) =>
  vi.waitUntil(async () => isSo(await list()), { timeout: 45_000, interval: 500 });

describe('weir detectors', () => {
  it('lists what runs: the shipped ones and the house’s own', async () => {
    let sessions = 0;
    await until(async ({ publishedAt }) => {
      // Where nothing is recorded detection takes its time to begin.
      await log.append(topics.session, sessionOf({ id: `ses_${sessions++}` }, [{ at: Date.now() }]));
      return publishedAt !== null;
    });
    const { code, out } = await weir([], 'auditor');
    expect(code).toBe(0);
    for (const id of shippedIds())
      expect(out).toMatch(new RegExp(`^${id} +[0-9a-f]{12}  .*\\(shipped\\)$`, 'm'));
    expect(out).toMatch(/^ours +[0-9a-f]{12} {2}Rows +stream +low +ours\.sql$/m);
  });

  it('takes a file that comes without a restart, and names one that is refused, with what runs on', async () => {
    const { detectors } = await list();
    const before = detectors.find(({ id }) => id === 'ours')!;
    write('own/more.sql', detector('more'));
    write('own/ours.sql', reading('weir.session_event_rows'));
    await until((now) => now.detectors.length > detectors.length);
    const { code, out } = await weir([]);
    expect(code).toBe(1);
    expect(out).toMatch(/^more +/m);
    expect(out).toMatch(
      /^refused: ours\.sql:9: table weir\.session_event_rows is not available.*\n {2}ours [0-9a-f]{12} runs on$/m,
    );
    expect((await list()).detectors.find(({ id }) => id === 'ours')).toMatchObject({
      version: before.version,
    });
    expect(await metricsText()).toMatch(/^weir_detectors\{state="refused"\} 1$/m);
    expect(await metricsText()).toContain(`\nweir_detectors{state="running"} ${shippedIds().length + 2}\n`);
    expect(await metricsText()).toContain('weir_detection_up 1\n');
    const shown = await weir(['show', 'ours', '--version', before.version], 'auditor');
    expect(shown).toMatchObject({ code: 0, out: detector('ours').trimEnd() });
    expect(await weir(['show', 'nothing'])).toMatchObject({ code: 4 });
  });

  it('checks files before they run: one that reads what it may not, or has the id of another, is refused by name', async () => {
    write('good.sql', detector('fresh'));
    write('odd.sql', reading('weir.session_event_rows'));
    write('twin.sql', detector('bulk-read'));
    expect(await weir(['check', 'good.sql'])).toEqual({
      code: 0,
      out: 'good.sql: fresh would be taken',
      err: '',
    });
    const { code, err } = await weir(['check', 'good.sql', 'odd.sql', 'twin.sql']);
    expect(code).toBe(2);
    expect(err).toContain('odd.sql:9: table weir.session_event_rows is not available');
    expect(err).toContain('twin.sql: id bulk-read is that of bulk-read.sql');
    expect(err).not.toContain('good.sql');
    // The file that has its name is the one that it would replace.
    write('more.sql', `${detector('more')}-- changed`);
    expect((await weir(['check', 'more.sql'])).code).toBe(0);
    expect((await list()).detectors.some(({ id }) => id === 'fresh')).toBe(false);
    expect((await weir(['check', 'gone.sql'])).code).toBe(2);
  });

  it('is for security and auditors, its check for security alone', async () => {
    expect((await weir([], 'operator')).code).toBe(3);
    expect((await weir(['show', 'ours'], 'operator')).code).toBe(3);
    expect((await weir(['check', 'good.sql'], 'auditor')).code).toBe(3);
    expect((await weir([], 'nobody')).code).toBe(3);
  });
});
