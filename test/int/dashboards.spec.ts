import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dashboardFiles as built } from '../../dashboards/index.js';
import { misshapen } from '../support/answer-shape.js';
import {
  alertFiles,
  dashboardFiles,
  everything,
  expanded,
  ofAll,
  queries,
} from '../support/dashboard-files.js';
import type { TimeRange, Variables } from '../support/grafana-macros.js';
import { root } from '../support/house.js';
import { SdkTypes } from '../support/sdk-types.js';
import { DashboardStage } from './dashboards.stage.js';

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const files = dashboardFiles();
/** Each once: variables and marks are in most of them. */
const asked = [
  ...new Map(
    queries().map((each) => [`${each.purpose} ${each.where.replace(/^.*(variable|marks)/, '$1')}`, each]),
  ).values(),
];
const panels = files.flatMap(([file, { panels: each }]) => each.map((panel) => ({ file, panel })));
const shown = panels.filter(({ panel }) => panel.type !== 'row');

const longAgo: TimeRange = { from: new Date('2001-01-01'), to: new Date('2001-01-02'), interval: 60_000 };

describe('dashboards/*.json', () => {
  it.each(Object.entries(built()))('is of its sources: %s', (path, text) => {
    expect(read(path), 'node deploy/dev/dashboards.mjs writes it anew').toBe(text);
  });

  it('are the seven, each with an address of its own', () => {
    expect(files.map(([, { uid }]) => uid)).toEqual([
      ...['weir-approvals', 'weir-classes', 'weir-decisions', 'weir-exfiltration', 'weir-identity'],
      ...['weir-pipeline', 'weir-sessions'],
    ]);
    expect(new Set(files.map(([, { timezone }]) => timezone))).toEqual(new Set(['browser']));
  });

  it('number their panels, each once', () => {
    for (const [file, { panels: each }] of files) {
      const ids = each.map(({ id }) => id);
      expect([file, ids]).toEqual([file, ids.map((_, i) => i + 1)]);
    }
  });

  it.each(files)('place panels beside and below each other: %s', (_, { panels: each }) => {
    const taken = new Set<string>();
    for (const { gridPos } of each)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect([x < 24, taken.has(`${x} ${y}`)]).toEqual([true, false]);
          taken.add(`${x} ${y}`);
        }
  });

  it.each(shown)('$file: $panel.title has words, a unit, and says so where it is empty', ({ panel }) => {
    expect(panel.description).toMatch(/\.$/);
    expect(panel.fieldConfig.defaults['noValue']).toMatch(/./);
    if (panel.type !== 'table') expect(panel.fieldConfig.defaults['unit']).toMatch(/./);
    expect(panel.datasource?.uid).toMatch(/^weirkeeper(-prometheus)?$/);
  });
});

describe("the SDK's types", () => {
  const modules = ['dashboard', 'timeseries', 'table', 'stat', 'prometheus'];
  let sdk: SdkTypes;
  beforeAll(() => {
    sdk = new SdkTypes(modules);
  }, 60_000);

  it.each(files)('take %s', (_, { annotations, ...file }) => {
    const own = new Set(Object.keys(annotations.list?.[0]?.target ?? {}));
    const list = annotations.list?.map((each) => ({
      ...each,
      target: { limit: 1, matchAny: false, tags: [], type: 'x' },
    }));
    expect(sdk.problems({ ...file, annotations: list ? { list } : {} }, 'dashboard', 'Dashboard')).toEqual(
      [],
    );
    if (list)
      expect([...own]).toEqual(expect.arrayContaining(['rawSql', 'editorType', 'format', 'limit', 'type']));
  });

  it.each(shown)('take the options of $file: $panel.title', ({ panel }) => {
    const problems = sdk.problems(panel.options ?? {}, panel.type, 'Options');
    // What is left out of a list's or a picture's options has the panel's own default.
    expect(problems.filter((each) => !each.endsWith(': missing'))).toEqual([]);
    const custom = panel.fieldConfig.defaults['custom'];
    if (custom !== undefined && panel.type !== 'stat')
      expect(
        sdk.problems(custom, panel.type, 'FieldConfig').filter((each) => !each.endsWith(': missing')),
      ).toEqual([]);
    for (const target of panel.targets ?? [])
      if (target.expr !== undefined) expect(sdk.problems(target, 'prometheus', 'dataquery')).toEqual([]);
  });

  it('refuse what is none', () => {
    const [, good] = files[0]!;
    const wrong = {
      ...good,
      annotations: {},
      timezoen: 'utc',
      time: { from: 1, to: 'now' },
      schemaVersion: null,
    };
    expect(sdk.problems(wrong, 'dashboard', 'Dashboard').toSorted()).toEqual([
      'Dashboard.schemaVersion: null is no number',
      'Dashboard.time.from: 1 is no string',
      'Dashboard.timezoen: unknown',
    ]);
    const [first, ...others] = good.panels;
    const stretched = { ...good, annotations: {}, panels: [{ ...first, collapsed: 'no' }, ...others] };
    expect(sdk.problems(stretched, 'dashboard', 'Dashboard')).toEqual([expect.stringContaining('collapsed')]);
  });
});

describe('every query', () => {
  let stage: DashboardStage;
  beforeAll(async () => {
    stage = await DashboardStage.set();
  }, 60_000);
  afterAll(() => stage?.stop());

  it('is found', () => {
    expect(asked.length).toBeGreaterThan(80);
    const purposes = new Set(asked.map(({ purpose }) => purpose));
    expect([...purposes].toSorted()).toEqual([
      'alert',
      'annotation',
      'stat',
      'table',
      'timeseries',
      'variable',
    ]);
  });

  it.each(asked)('is bound to a time: $where', ({ sql }) => {
    const read = [...sql.matchAll(/\bFROM (?!sessions\b)[a-z_]+\b/g)].length;
    const bound = [...sql.matchAll(/\$__(?:timeFilter|dateFilter)\(\w+\)|time <= \$__toTime/g)].length;
    expect(bound).toBe(read);
    expect(read).toBeGreaterThan(0);
    // Of what is computed before it can be filtered, only sessions that are named by events in time.
    expect(sql).not.toMatch(/\b(FROM|JOIN) (statements|checkpoints|expired_events|activity)\b/);
    for (const [, after] of sql.matchAll(/\bFROM sessions\s+(.{0,40})/g))
      expect(after).toMatch(/^WHERE session_id IN \(SELECT/);
  });

  it.each(asked)('has rows, and the shape of what it is for: $where', async (query) => {
    const answer = await stage.ask(expanded(query, everything));
    expect(misshapen(query, answer)).toEqual([]);
    expect(answer.rows.length).toBeGreaterThan(0);
  });

  it.each(Object.entries(known))('has what is known to be there: %s', async (where, rows) => {
    const query = asked.find((each) => each.where === where);
    const answer = await stage.ask(expanded(query!, everything));
    expect(answer.rows.map((row) => row.slice(0, rows[0]!.length)).slice(0, rows.length)).toEqual(rows);
  });

  it.each(asked)('is answered where there is nothing: $where', async (query) => {
    const { rows } = await stage.ask(expanded(query, longAgo));
    if (query.purpose === 'stat') expect(rows.length).toBeLessThanOrEqual(1);
    else expect(rows).toEqual([]);
  });

  const chosen = asked.filter(({ sql }) => sql.includes('$__conditionalAll'));
  it.each(chosen)('asks of whom is chosen: $where', async (query) => {
    const some = { ...ofAll, identity: 'corp:dan', connection: ['orders', 'crm'] };
    const nobody = { ...ofAll, identity: "corp:o'x\\' OR 1 -- ", connection: ['orders'] };
    const ask = (of: Variables) => stage.ask(expanded(query, everything, of));
    const [answer, { rows }] = await Promise.all([ask(some), ask(nobody)]);
    expect(misshapen(query, answer)).toEqual([]);
    const who = answer.names.indexOf('identity');
    if (who >= 0 && !query.where.includes('Who decides'))
      for (const row of answer.rows) expect(row[who]).toBe('corp:dan');
    if (query.purpose !== 'stat') expect(rows).toEqual([]);
  });
});

/** By where it stands: the first columns of the first rows. */
const known: Readonly<Record<string, readonly (readonly unknown[])[]>> = {
  'alert weir-detector-refused': [['more.sql', 1]],
  'alert weir-detection-behind': [[4]],
  'approvals.json: Asked (A)': [[4]],
  'approvals.json: Pending (A)': [[2]],
  'approvals.json: Half waited (A)': [[1800]],
  'approvals.json: Nobody has decided (A)': [
    ['2026-10-30 10:00:00.000000', 'corp:bot', 'orders'],
    ['2026-10-30 11:00:00.000000', 'corp:bot', 'orders'],
  ],
  'classes.json: Values (A)': [[15]],
  'classes.json: Classes (A)': [[2]],
  'classes.json: Results (A)': [[2]],
  'classes.json: Who got what (A)': [
    ['card', 'corp:bot', 10, 10, 1],
    ['email', 'corp:bot', 5, 3, 2],
  ],
  'classes.json: Who got it in the clear (A)': [['email', 'corp:dan', 1, 1, 1]],
  'classes.json: From which tables (A)': [
    ['card', 'public.payments', 10, 1],
    ['email', 'public.payments', 3, 1],
    ['email', 'public.customers', 2, 1],
  ],
  'decisions.json: Allowed (A)': [[6]],
  'decisions.json: Refused (A)': [[1]],
  'decisions.json: Held (A)': [[2]],
  'decisions.json: Policy versions (A)': [[2]],
  'decisions.json: Why statements are refused (A)': [['orders are never deleted', 'no-deletes', 1, 1]],
  'exfiltration.json: Open findings (A)': [[2]],
  'exfiltration.json: High and critical (A)': [[1]],
  'exfiltration.json: Rows (A)': [[5014]],
  'exfiltration.json: Volume (A)': [[905_748]],
  'exfiltration.json: Masked values (A)': [[15]],
  'exfiltration.json: Rows, and a week before (B)': [
    ['2026-10-12 10:00:00', 12],
    ['2026-10-19 09:00:00', 5001],
  ],
  'exfiltration.json: Who took most (A)': [
    ['corp:dan', 'orders', 2, 5001, 5000, 900_040],
    ['corp:bot', 'orders', 3, 13, 10, 5708],
  ],
  'exfiltration.json: Tables read (A)': [
    ['public.orders', 1, 1, 5000, 900_000],
    ['public.payments', 1, 1, 10, 700],
    ['public.customers', 2, 3, 3, 5040],
  ],
  'exfiltration.json: Copied out (A)': [
    ['2026-10-12 09:03:00.000000', 'corp:dan', 'orders', 'public.orders', 5000],
  ],
  'identity.json: Rows a day, and what is usual (A)': [['2026-10-12 00:00:00', 5001]],
  'identity.json: Rows a day, and what is usual (B)': [['2026-10-12 00:00:00', 3, 20]],
  'identity.json: Tables (A)': [
    ['public.customers', 3, 0, 0],
    ['public.orders', 2, 1, 1],
  ],
  'identity.json: What it waited for (A)': [
    ['2026-10-22 10:31:00.000000', 'orders', 'expired', '', 1800],
    ['2026-10-05 10:04:00.000000', 'orders', 'approved', 'corp:ana', 120],
  ],
  'pipeline.json: Dead letters (A)': [[1]],
  'pipeline.json: Not covered (A)': [[6]],
  'sessions.json: Sessions (A)': [[5]],
  'sessions.json: Not over (A)': [[0]],
  'sessions.json: Longest (A)': [[2400]],
  'sessions.json: Lost (A)': [[1]],
  'sessions.json: Cut short (A)': [[1]],
  'sessions.json: With gaps (A)': [[1]],
  'sessions.json: Sessions with gaps (A)': [['2026-10-23 10:00:00.000000', 'corp:bot', 'orders', 8, 6, 2]],
};

describe('links', () => {
  it('lead to pages and dashboards that there are', () => {
    const uids = new Set(files.map(([, { uid }]) => uid));
    const text = files.map(([file]) => read(`dashboards/${file}`)).join('');
    const pages = [...text.matchAll(/\$\{console:raw\}(\/\w+)\//g)].map(([, path]) => path);
    expect([...new Set(pages)].toSorted()).toEqual(['/approvals', '/decisions', '/findings', '/sessions']);
    for (const [, uid = ''] of text.matchAll(/\/d\/(weir-\w+)/g)) expect(uids).toContain(uid);
    for (const { annotations } of alertFiles())
      expect(uids).toContain(annotations['dashboard']?.slice('/d/'.length));
  });
});

describe('metrics', () => {
  const documented = read('docs/metrics.md');
  const rows = new Map(
    [...documented.matchAll(/^\| `(weir_\w+)` \| \w+ \| (.*?) \|/gm)].map(([, name, labels]) => [
      name,
      labels,
    ]),
  );
  const asks = shown.flatMap(({ file, panel }) =>
    (panel.targets ?? []).flatMap(({ expr }) =>
      expr === undefined ? [] : [{ where: `${file}: ${panel.title}`, expr }],
    ),
  );

  it.each(asks)('that $where asks for are documented, with their labels', ({ expr }) => {
    const names = [...expr.matchAll(/\bweir_\w+/g)].map(([name]) => name.replace(/_bucket$/, ''));
    for (const name of names) expect([name, rows.has(name)]).toEqual([name, true]);
    const labels = [...expr.matchAll(/by \(([\w, ]+)\)/g)].flatMap(([, list = '']) => list.split(', '));
    for (const label of labels.filter((each) => each !== 'le'))
      for (const name of names)
        expect([name, rows.get(name)]).toEqual([name, expect.stringContaining(`\`${label}\``)]);
  });
});
