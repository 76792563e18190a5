import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, root, TestHouse } from '../support/house.js';

interface Family {
  type: string;
  readonly labels: Set<string>;
  readonly samples: { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

/** Prometheus' text: `name{label="value",…} number` below `# TYPE name type`. */
function parse(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let family: Family | undefined;
  for (const line of text.split('\n')) {
    const [, declared, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (declared !== undefined && type !== undefined) {
      expect(families.has(declared), `${declared} is declared once`).toBe(false);
      families.set(declared, (family = { type, labels: new Set(), samples: [] }));
    }
    const [, , labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (line.startsWith('#') || value === undefined) continue;
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name = '', of = '']) => [
      name,
      of,
    ]);
    for (const [name = ''] of pairs) family!.labels.add(name);
    family!.samples.push({
      labels: Object.fromEntries(pairs) as Record<string, string>,
      value: Number(value),
    });
  }
  return families;
}

const page = readFileSync(join(root, 'docs/metrics.md'), 'utf8');
const documented = new Map(
  [...page.matchAll(/^\| `(weir_\w+)` \| (\w+) \|([^|]*)\|/gm)].map(
    ([, name = '', type = '', labels = '']) => [
      name,
      { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label!) },
    ],
  ),
);
const secret = 'metric-canary-7f3a9c';

describe('the metrics of a whole instance with two workers', { timeout: 60_000 }, () => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await TestHouse.start({ restless: true, yaml: 'demo: true\nproxy: { workers: 2 }' });
    for (let n = 0; n < 4; n++) await converse();
    await expect(connect('no token')).rejects.toThrow('token');
    await fetch(`${house.url}/api/journal`);
    await fetch(`http://127.0.0.1:${house.sqlPort}/?query=${secret}`);
    await eventually(async () => (await house.sql('select 1 from statements limit 1')).length > 0);
    await eventually(async () => total(await scrape(), 'weir_sessions_total') >= 4);
  }, 120_000);
  afterAll(() => house.stop());

  async function connect(password?: string): Promise<pg.Client> {
    const address = await house.client('demo');
    const client = new pg.Client({ ...address, ...(password === undefined ? {} : { password }) });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  async function converse(): Promise<void> {
    const client = await connect();
    const { rows } = await client.query('select id, email from customers limit 3');
    expect(rows).toHaveLength(3);
    await expect(client.query(`drop table "${secret}"`)).rejects.toThrow('schema');
    await expect(client.query(`no sql '${secret}'`)).rejects.toThrow('syntax');
    await client.end();
  }

  const scrape = async () => parse(await (await fetch(`${house.url}/metrics`)).text());
  const total = (families: Map<string, Family>, name: string, labels: Record<string, string> = {}) =>
    (families.get(name)?.samples ?? [])
      .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
      .reduce((sum, { value }) => sum + value, 0);

  it('are those of the page, and the page has no others', async () => {
    const own = [...(await scrape())].filter(([name]) => name.startsWith('weir_'));
    expect(own.map(([name]) => name).toSorted()).toEqual([...documented.keys()].toSorted());
    for (const [name, { type, labels, samples }] of own) {
      expect([name, type]).toEqual([name, documented.get(name)!.type]);
      if (samples.length === 0) continue; // nothing to count yet
      const beside = ['process', ...(type === 'histogram' ? ['le'] : [])];
      expect([name, [...labels].toSorted()]).toEqual([
        name,
        [...documented.get(name)!.labels, ...beside].toSorted(),
      ]);
    }
    const idle = own.filter(([, { samples }]) => samples.length === 0).map(([name]) => name);
    // Nothing was held, no webhook is configured, nobody signed in, the log took all.
    const mayBeIdle = /^weir_(holds_total|webhook_|sign_in_failures_total|log_append_errors_total)/;
    expect(idle.filter((name) => !mayBeIdle.test(name))).toEqual([]);
    const others = [...(await scrape()).keys()].filter((name) => !name.startsWith('weir_'));
    expect(others.filter((name) => !/^(process|nodejs)_/.test(name))).toEqual([]);
  });

  it('have what was done, of each process', async () => {
    // The clients are gone; what a busy machine has still to do of theirs is counted when it is done.
    await eventually(async () => {
      const soFar = await scrape();
      const rows = total(soFar, 'weir_audit_events_total', { as: 'row' });
      return total(soFar, 'weir_process_up') === 4 && total(soFar, 'weir_sessions_open') === 0 && rows > 10;
    });
    const families = await scrape();
    const processes = ['audit', 'gate', 'proxy-1', 'proxy-2'];
    for (const process of processes) {
      expect(total(families, 'weir_process_up', { process })).toBe(1);
      expect(total(families, 'process_resident_memory_bytes', { process })).toBeGreaterThan(10_000_000);
    }
    expect(total(families, 'weir_statements_total', { decision: 'allow', kind: 'select' })).toBe(4);
    expect(total(families, 'weir_statements_total', { decision: 'deny', kind: 'drop' })).toBe(4);
    expect(total(families, 'weir_statements_total', { decision: 'deny', kind: 'none' })).toBe(4);
    expect(total(families, 'weir_statement_outcomes_total', { status: 'ok' })).toBe(4);
    expect(total(families, 'weir_statement_outcomes_total', { status: 'denied' })).toBe(8);
    expect(total(families, 'weir_refusals_total', { code: 'STATEMENT_DENIED' })).toBe(8);
    expect(total(families, 'weir_gate_auth_failures_total')).toBe(1);
    expect(total(families, 'weir_client_rows_total')).toBe(12);
    expect(total(families, 'weir_masked_values_total', { class: 'email' })).toBe(12);
    expect(total(families, 'weir_sessions_total', { connection: 'demo', end: 'terminated' })).toBe(4);
    expect(total(families, 'weir_sessions_open')).toBe(0);
    const latencies = families.get('weir_gate_latency_seconds')!.samples;
    expect(latencies.filter(({ labels }) => labels['le'] === '+Inf').length).toBe(3);
    expect(total(families, 'weir_gate_latency_seconds', { le: '+Inf' })).toBeGreaterThanOrEqual(4);
    expect(total(families, 'weir_api_errors_total', { code: 'UNAUTHENTICATED', process: 'gate' })).toBe(1);
    expect(total(families, 'weir_clickhouse_requests_total', { outcome: 'refused', process: 'audit' })).toBe(
      1,
    );
    const journals = families.get('weir_journal_bytes')!.samples.map(({ labels }) => labels['journal']);
    expect(journals.toSorted()).toEqual(['journal', 'journal.2']);
    expect(total(families, 'weir_audit_events_total', { as: 'row' })).toBeGreaterThan(10);
    expect(total(families, 'weir_proof_checkpoint_age_seconds')).toBeLessThan(60);
  });

  it('name no identity, no session and nothing that a client made up', async () => {
    const text = await (await fetch(`${house.url}/metrics`)).text();
    for (const word of [secret, 'ses_', 'dev-agent', 'customers', '127.0.0.1'])
      expect(text).not.toContain(word);
    expect(text).toContain('weir_statements_total{');
  });

  it('are answered though a process is away, which is told', async () => {
    const { status } = await fetch(`${house.url}/metrics/own`);
    expect(status).toBe(200);
    const journals = await house.weir('journal', '--json');
    const { journals: found } = JSON.parse(journals.stdout) as {
      journals: { name: string; owner: { pid: number } }[];
    };
    expect(found.map(({ name }) => name)).toEqual(['journal', 'journal.2']);
    process.kill(found[1]!.owner.pid, 'SIGSTOP');
    try {
      const families = await scrape();
      expect(total(families, 'weir_process_up', { process: 'proxy-2' })).toBe(0);
      expect(total(families, 'weir_process_up', { process: 'proxy-1' })).toBe(1);
      // Its journal's files say how it stands all the same.
      const { code, stdout } = await house.weir('journal', '--max-age', '1h');
      expect([code, stdout]).toEqual([0, expect.stringContaining('journal.2')]);
    } finally {
      process.kill(found[1]!.owner.pid, 'SIGCONT');
    }
    await eventually(async () => total(await scrape(), 'weir_process_up') === 4);
  });

  it('tell the journal of a worker that is dead by its owner, to operators only', async () => {
    expect((await house.fetch('agent', '/api/journal')).status).toBe(403);
    const { journals } = await house.json<{ journals: { owner: { state: string; pid: number } }[] }>(
      'operator',
      '/api/journal',
    );
    expect(journals.map(({ owner }) => owner.state)).toEqual(['alive', 'alive']);
    process.kill(journals[1]!.owner.pid, 'SIGKILL');
    await eventually(async () => {
      const now = await house.json<typeof journals extends infer T ? { journals: T } : never>(
        'operator',
        '/api/journal',
      );
      const { state, pid } = now.journals[1]!.owner;
      return state === 'gone' || (state === 'alive' && pid !== journals[1]!.owner.pid);
    });
    await eventually(async () => total(await scrape(), 'weir_process_up') === 4);
  });
});
