import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { detectorFolders, shippedDetectors } from '../../services/audit/detection/detectors.load.js';
import { sessionOf } from '../support/session-events.js';
import { DetectionStage } from './detection.stage.js';

const now = Date.UTC(2026, 9, 14, 10, 30);
const root = mkdtempSync(join(tmpdir(), 'weir-detectors-'));
let stage: DetectionStage;
beforeAll(async () => {
  stage = await DetectionStage.start(now);
  await stage.append(sessionOf({ id: 'ses_1' }, [{ at: now - 60_000, rows: 7 }]));
}, 60_000);
afterAll(async () => {
  await stage.stop();
  rmSync(root, { recursive: true, force: true });
});

const header = `-- id: ID
-- title: Anything
-- severity: low
-- technique: T1530
-- schedule: stream
-- parameters: { least: 5, names: [it's, "back\\\\slash"] }
-- explain: "{seen} rows"
`;
const columns = `identity, on_behalf_of, connection, table_name AS subject, toDateTime64(hour, 6) AS window_start,
  window_start + INTERVAL 1 HOUR AS window_end, sessions, statement_ids AS statements, rows AS seen`;
const from = 'FROM weir.table_hours WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)}';
const good = `${header}SELECT ${columns} ${from} AND seen >= {least:UInt64} -- ours`;

let folders = 0;
function folder(files: Readonly<Record<string, string>>): string {
  const path = join(root, String(++folders));
  mkdirSync(path);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}
const named = (id: string, text = good) => text.replace('-- id: ID', `-- id: ${id}`);

describe('the folder of one’s own detectors', () => {
  const query = (sql: string) => header + sql;
  it.each([
    [
      'a table that auditors may not read',
      query(`SELECT ${columns} ${from.replace('table_hours', 'session_event_rows')}`),
      'table weir.session_event_rows is not available',
    ],
    [
      'a function of files',
      query(`SELECT ${columns}, file('/etc/passwd') AS x ${from}`),
      'function file is not available',
    ],
    [
      'a table function',
      query(`SELECT ${columns} FROM url('http://x') WHERE {from:DateTime64(6)} < {to:DateTime64(6)}`),
      'table function url is not available',
    ],
    ['something else than a query', query('DROP TABLE weir.session_event_rows'), 'only SELECT'],
    ['two queries', query(`SELECT 1; ${from}`), ''],
    [
      'the present',
      query(`SELECT ${columns} ${from} AND hour < now()`),
      'function now is not available to detectors',
    ],
    [
      'the present by another name',
      query(`SELECT ${columns}, today() AS x ${from}`),
      'function today is not available',
    ],
    ['no range', query(`SELECT ${columns} FROM weir.table_hours`), 'does not name {from:DateTime64(6)}'],
    [
      'a parameter that it does not have',
      query(`SELECT ${columns} ${from} AND seen > {most:UInt64}`),
      '`most` is not set',
    ],
    [
      'a parameter of the house',
      good.replace('least: 5', 'least: 5, timezone: UTC'),
      'parameter timezone is given by the house',
    ],
    ['a column that is not', query(`SELECT ${columns}, odd ${from}`), 'odd'],
    [
      'no window',
      query(`SELECT ${columns.replace('AS window_end', 'AS until')} ${from}`),
      'answers no column window_end',
    ],
    [
      'a window of another type',
      query(`SELECT ${columns.replace('toDateTime64(hour, 6)', 'hour')} ${from}`),
      'column window_start is DateTime',
    ],
    ['words that name nothing', good.replace('{seen}', '{unseen}'), 'explain names {unseen}'],
    ['a header that is none', '-- id: [\nSELECT 1', 'a.sql:1: '],
    ['settings', query(`SELECT ${columns} ${from} SETTINGS max_threads = 1`), 'SETTINGS is not available'],
  ])('is told of %s by the file’s name, and the others run', async (_, text, says) => {
    const { detectors, refused } = await stage.detectors([
      folder({ 'a.sql': named('first', text), 'b.sql': named('second') }),
    ]);
    expect(detectors.map(({ id }) => id)).toEqual(['second']);
    expect([...refused.keys()]).toEqual([expect.stringMatching(/\/a\.sql$/)]);
    expect([...refused.values()][0]).toMatch(/^a\.sql:/);
    expect([...refused.values()][0]).toContain(says);
  });

  it.each([
    ['FROM', 'FORM', 'a.sql:12: syntax error at "FORM" of "FORM weir.table_hours'],
    ['AND hour', 'ADN hour', 'a.sql:12: syntax error at "ADN" of "FROM weir.table_hours'],
    ['toDateTime64(hour, 6)', 'toDateTime64(hour, 6', 'a.sql:10: syntax error at "(hour," of "SELECT'],
    ['rows AS seen', "'é AS seen", 'a.sql:11: syntax error at "\'é" of "window_start'],
    ['{to:DateTime64(6)}', '{to:DateTime64(6)', 'a.sql:12: syntax error at the end of "FROM'],
    [
      'rows AS seen',
      'rowz AS seen',
      "a.sql:11: Unknown expression identifier `rowz` (maybe you meant 'rows')",
    ],
    ['toDateTime64', 'toDateTime6', 'a.sql:10: function toDateTime6 is not available'],
    ['{to:', '{too:', 'a.sql:12: `too` is not set: it is no key of `parameters`'],
    ['AS subject', 'AS object', 'a.sql: the query answers no column subject'],
    [
      'hour >=',
      'hour >= \u001b[2J',
      'a.sql:12: syntax error at "[2J" of "FROM weir.table_hours WHERE hour >=',
    ],
  ])('is told of %s that became %s by line, with the line', async (right, wrong, says) => {
    const sql = `\n\nSELECT ${columns}\n${from}\n`.replace(right, () => wrong);
    const { refused } = await stage.detectors([folder({ 'a.sql': named('first', header + sql) })]);
    expect([...refused.values()][0]).toContain(says);
    expect([...refused.values()][0]).not.toMatch(/In scope|_CAST|\p{Cc}/iu);
  });

  it('takes the first of two with one id', async () => {
    const { detectors, refused } = await stage.detectors([
      folder({ 'a.sql': named('same') }),
      folder({ 'b.sql': named('same') }),
    ]);
    expect(detectors.map(({ file }) => file)).toEqual(['a.sql']);
    expect([...refused.values()]).toEqual(['b.sql: id same is that of a.sql']);
  });

  it('takes the shipped folder once, where it is named as the house’s own', () => {
    const shipped = shippedDetectors();
    expect(detectorFolders(join(shipped, '..', 'detectors/'))).toEqual([{ path: shipped, owner: 'shipped' }]);
    const [, own] = detectorFolders(root);
    expect(own).toEqual({ path: root, owner: 'house' });
    expect(detectorFolders(join(root, 'not-there'))).toHaveLength(2);
  });

  it('reads parameters as they stand, whatever is in them', async () => {
    const text =
      header.replace('{seen} rows', '{seen}: {said}') +
      `SELECT ${columns}, arrayStringConcat({names:Array(String)}, '|') AS said ${from}`;
    const { detectors, refused } = await stage.detectors([folder({ 'a.sql': named('said', text) })]);
    expect([...refused.values()]).toEqual([]);
    await stage.engine(detectors).round();
    expect((await stage.findings()).map(({ evidence }) => evidence)).toEqual([
      "7: it's|back\\slash; so far, as its window was not over",
    ]);
  });

  it('keeps a detector that fails while it runs from no other', async () => {
    const failing = named('failing', good.replace(' rows AS seen', ' intDiv(rows, rows - 7) AS seen'));
    const { detectors } = await stage.detectors([folder({ 'a.sql': failing, 'b.sql': named('running') })]);
    expect(detectors.map(({ id }) => id)).toEqual(['failing', 'running']);
    await stage.append(sessionOf({ id: 'ses_2' }, [{ at: now - 30_000, rows: 0 }]));
    await stage.engine(detectors).round();
    expect(stage.failures).toEqual([expect.stringMatching(/^failing: .*[Dd]ivision by zero/)]);
    expect(await stage.found()).toContain('running corp:bot public.customers');
  });
});
