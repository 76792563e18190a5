import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMasking } from '#masking';
import { classifyItem, type ClassifyItem } from '../../services/proxy/classify.item.js';
import { eventually, root, run, TestHouse } from '../support/house.js';
import { peer, startPostgres, type PostgresServer } from '../support/peers.js';

const rolePassword = 'zq-role-8841';
const canary = 'zqcanary';

const schema = `
  CREATE DOMAIN mail_address AS text;
  CREATE DOMAIN mail_list AS mail_address[];
  CREATE TABLE customers (id bigint, contact varchar(80), email text, ssn text, born date, note text, is_email text,
    addresses mail_list, profile jsonb, digits bigint, flag boolean);
  INSERT INTO customers SELECT i, '${canary}' || i || '@example.com', '${canary}' || i || '@example.com', NULL, '1990-01-01',
    CASE WHEN i % 20 = 0 THEN 'write to ${canary}' || i || '@example.com please' ELSE 'nothing to say' END,
    '${canary}' || i || '@example.com', ARRAY['${canary}' || i || '@example.com', 'b' || i || '@example.com'],
    jsonb_build_object('tel', '+1 415 555 2671'), 4111111111111111, true FROM generate_series(1, 200) i;
  CREATE TABLE "odd. ""name""" ("e. mail*" text, "x\ny" text);
  INSERT INTO "odd. ""name""" VALUES ('${canary}@example.com', '${canary}@example.com');
  -- Few rows a page, so that a sample of pages is one of many places whatever chance says.
  CREATE TABLE large (id int, mail text, pad text) WITH (autovacuum_enabled = off, fillfactor = 10);
  INSERT INTO large SELECT i, CASE WHEN i > 20000 THEN '${canary}' || i || '@example.com' ELSE '-' END, repeat('x', 200)
    FROM generate_series(1, 40000) i;
  ANALYZE large;
  CREATE TABLE huge_values (body text);
  ALTER TABLE huge_values ALTER body SET STORAGE EXTERNAL;
  INSERT INTO huge_values VALUES (repeat('a', 2000000)), ('${canary}@example.com');
  CREATE TABLE parted (mail text, at date) PARTITION BY RANGE (at);
  CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
  INSERT INTO parted VALUES ('${canary}@example.com', '2024-05-05');
  CREATE TABLE closed (mail text);
  CREATE TABLE locked (mail text);
  CREATE VIEW customer_view AS SELECT contact FROM customers;
  CREATE ROLE svc LOGIN PASSWORD '${rolePassword}';
  GRANT SELECT ON ALL TABLES IN SCHEMA public TO svc;
  REVOKE ALL ON closed FROM svc;
`;

const page = readFileSync(join(root, 'docs/masking.md'), 'utf8');

describe('docs/masking.md', () => {
  it('shows drafts that are taken', () => {
    const drafts = [...page.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text = '']) => text);
    expect(drafts.length).toBeGreaterThan(1);
    for (const draft of drafts) expect(parseMasking(draft, 'masking.yaml').rules.length).toBeGreaterThan(1);
  });
});

describe.skipIf(!peer('postgres'))('weir classify', () => {
  let postgres: PostgresServer;
  let house: TestHouse;
  let owner: pg.Client;

  beforeAll(async () => {
    postgres = await startPostgres({ settings: { log_statement: 'all' } });
    owner = new pg.Client({ ...postgres, user: postgres.superuser });
    await owner.connect();
    await owner.query(schema);
    const connection = { name: 'shop', protocol: 'postgres', host: postgres.host, port: postgres.port };
    const rest = { database: postgres.database, user: 'svc', password: rolePassword, tls: 'disable' };
    const down = { ...connection, ...rest, name: 'down', port: 1 };
    const yaml = `demo: true\nconnections: ${JSON.stringify([{ ...connection, ...rest }, down])}`;
    house = await TestHouse.start({ yaml });
  }, 120_000);
  afterAll(async () => {
    await house?.stop();
    await owner?.end();
    await postgres?.stop();
  });

  const classify = async (body: object = {}): Promise<ClassifyItem> =>
    classifyItem.parse(await house.json('operator', '/api/connections/shop/classify', body));
  const column = (item: ClassifyItem, table: string, name: string) =>
    item.columns.find((each) => each.table === table && each.column === name);

  it('finds by values and by names, and says what is covered already', async () => {
    const item = await classify();
    const email = { class: 'email', transform: 'partial' };
    const customers = (name: string) => column(item, 'customers', name);
    expect(customers('contact')).toMatchObject({
      ...{ type: 'character varying(80)', values: 200, rule: null, proposal: email },
      classes: [{ class: 'email', share: 1, wholeShare: 1 }],
    });
    expect(customers('email')).toMatchObject({ nameSays: 'email', rule: email, proposal: null });
    expect(customers('ssn')).toMatchObject({ values: 0, rule: { class: 'ssn', transform: 'whole' } });
    expect(customers('note')).toMatchObject({
      classes: [{ class: 'email', share: 0.05, wholeShare: 0 }],
      proposal: null,
    });
    expect(customers('is_email')).toMatchObject({ rule: { transform: 'clear' }, proposal: null });
    expect(customers('addresses')).toMatchObject({ values: 400, proposal: email });
    expect(customers('profile')).toMatchObject({ classes: [{ class: 'phone', share: 1, wholeShare: 0 }] });
    expect(customers('digits')).toMatchObject({ proposal: { class: 'card', transform: 'partial' } });
    expect(customers('born')).toMatchObject({ values: 0, type: 'date', proposal: null });
    expect(column(item, 'parted', 'mail')).toMatchObject({ values: 1, proposal: email });
    expect(column(item, 'parted_1', 'mail')).toBeUndefined();
    expect(column(item, 'customer_view', 'contact')).toBeUndefined();
    expect(column(item, 'huge_values', 'body')).toMatchObject({ values: 1 });
    expect(item.skipped).toEqual([{ table: 'public.closed', reason: 'permission denied' }]);
  });

  it('reads a large table at many places, not only at its start', async () => {
    const found = column(await classify({ tables: 'public.large' }), 'large', 'mail');
    expect(found?.values).toBeGreaterThan(500);
    expect(found?.classes[0]?.share).toBeGreaterThan(0.2);
    expect(found?.classes[0]?.share).toBeLessThan(0.8);
  });

  it('tells no value, and no credential', async () => {
    const told = JSON.stringify(await classify());
    expect(told).toContain('contact');
    expect(told).not.toContain(canary);
    expect(told).not.toContain(rolePassword);
    expect(house.log).not.toContain(canary);
  });

  it('drafts a masking.yaml that is taken, and that unmasks nothing', async () => {
    const { draft } = await classify();
    const { rules } = parseMasking(draft, 'masking.yaml');
    expect(rules[0]).toEqual({
      ...{ connection: 'shop', column: 'public.customers.contact', class: 'email', transform: 'partial' },
    });
    expect(rules.map((rule) => rule.column)).toContain('public.odd??"name".e??mail?');
    expect(rules.map((rule) => rule.column)).toContain('public.odd??"name".x?y');
    expect(rules.map((rule) => rule.column)).toContain('*.*.*password*');
    expect(draft).toContain(
      '  # public.customers.contact (character varying(80)): email 100 % of 200 values',
    );
    expect(draft).toContain('  #   public.customers.note (text): email 5 % of 200 values');
    expect(draft).toMatch(/customers\.is_email \(text\): email 100 % of 200 values/);
    expect(draft).toContain('  #   public.closed: permission denied');
  });

  it('goes on where a table is locked', async () => {
    await owner.query('BEGIN; LOCK TABLE locked IN ACCESS EXCLUSIVE MODE');
    try {
      const item = await classify();
      expect(item.skipped.map(({ reason }) => reason)).toContain('locked by another session');
      expect(column(item, 'parted', 'mail')?.values).toBe(1);
    } finally {
      await owner.query('ROLLBACK');
    }
  });

  it('reads in read-only transactions, and leaves no connection behind', async () => {
    await classify({ tables: 'public.customers' });
    const lines = readFileSync(postgres.logFile, 'utf8').split('\n');
    const reads = lines.flatMap((line, i) =>
      line.includes('from "public"."customers"') ? [lines[i - 1]!] : [],
    );
    expect(reads.length).toBeGreaterThan(0);
    for (const before of reads) expect(before).toContain('begin read only');
    await eventually(async () => {
      const sql = "select 1 from pg_stat_activity where application_name = 'weirkeeper classify'";
      return (await owner.query(sql)).rows.length === 0;
    });
  });

  it('is for operators, and answers with problem details', async () => {
    const ask = async (role: string, name: string, body: unknown) => {
      const answer = await house.fetch(role, `/api/connections/${name}/classify`, {
        ...{ method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } },
      });
      return [answer.status, ((await answer.json()) as { code: string }).code];
    };
    expect(await ask('auditor', 'shop', {})).toEqual([403, 'FORBIDDEN']);
    expect(await ask('agent', 'shop', {})).toEqual([403, 'FORBIDDEN']);
    expect(await ask('operator', 'nowhere', {})).toEqual([404, 'CONNECTION_UNKNOWN']);
    expect(await ask('operator', 'down', {})).toEqual([502, 'TARGET_UNREACHABLE']);
    expect(await ask('operator', 'shop', { rows: 100_000 })).toEqual([400, 'INPUT_INVALID']);
    expect(await ask('operator', 'shop', { tables: 'all' })).toEqual([400, 'INPUT_INVALID']);
    const bare = await house.fetch('operator', '/api/connections/shop/classify', { method: 'POST' });
    expect(bare.status).toBe(200);
  });

  it('takes one at a time', async () => {
    const answers = await Promise.allSettled([classify(), classify()]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await classify({ tables: 'public.parted' });
  });

  it('stands in the log, with who asked', async () => {
    const query =
      "SELECT identity, payload FROM control_events WHERE type = 'ConnectionSampled' AND connection = 'shop' ORDER BY time LIMIT 1";
    await eventually(async () => (await house.sql(query)).length > 0);
    const [row] = await house.sql(query);
    expect(row!['identity']).toContain('operator');
    expect(JSON.parse(String(row!['payload']))).toMatchObject({ rows: 1000, tables: '*.*' });
  });

  it('does what docs/masking.md says, pasted', async () => {
    const [, session = ''] = /^```sh\n(\.\/weir classify [^]*?)^```$/m.exec(page) ?? [];
    const [, line = '', answer = ''] = /^```console\n\$ (.*)\n([^]*?)^```$/m.exec(page) ?? [];
    const weir = `#!/bin/sh\nexec ${process.execPath} ${join(root, 'dist/services/cli/main.js')} "$@"\n`;
    writeFileSync(join(house.dir, 'weir'), weir, { mode: 0o755 });
    const env = { ...process.env, EDITOR: 'true', WEIR_URL: house.url, WEIR_DATA: house.dataDir };
    const paste = (text: string) => run('sh', ['-ec', text], { cwd: house.dir, env });
    const ran = await paste(session);
    expect(ran).toMatchObject({ code: 0 });
    // All of the demo's columns are covered already: the draft is the rules in force, so this is no new version.
    expect(ran.stdout).toBe('nothing has changed\n');
    const draft = readFileSync(join(house.dir, 'masking.yaml'), 'utf8');
    expect(draft).toContain('public.customers.email (text): email 100 % of');
    expect((await paste(line)).stdout).toBe(answer);
  });

  it('is a command: the draft on stdout, the rest on stderr', async () => {
    const ran = await house.weir('classify', 'shop', '--tables', 'public.customers');
    expect(ran).toMatchObject({ code: 0 });
    expect(parseMasking(ran.stdout, 'masking.yaml').rules[0]?.class).toBe('email');
    expect(ran.stderr).toBe('1 tables, 11 columns; 3 new rules\n');
    const file = join(house.dir, 'draft.yaml');
    writeFileSync(file, 'what was there');
    expect((await house.weir('classify', 'down', '--out', file)).code).not.toBe(0);
    expect(readFileSync(file, 'utf8')).toBe('what was there');
    expect(
      (await house.weir('classify', 'shop', '--out', join(house.dir, 'no', 'such', 'folder'))).code,
    ).toBe(2);
    const kept = await house.weir('classify', 'shop', '--tables', 'public.customers', '--out', file);
    expect(kept).toMatchObject({ code: 0, stdout: '' });
    expect(readFileSync(file, 'utf8')).toBe(ran.stdout);
    expect(readdirSync(house.dir).filter((name) => name.endsWith('.new'))).toEqual([]);
    const json = await house.weir('classify', 'shop', '--json');
    expect(classifyItem.parse(JSON.parse(json.stdout)).connection).toBe('shop');
    expect((await house.weir('classify', 'nowhere')).code).toBe(4);
    expect((await house.weir('classify')).code).toBe(2);
  }, 60_000);
});
