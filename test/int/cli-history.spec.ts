import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { decodeEnvelope, topics } from '#events';
import { eventLine, labelHeader } from '../../detect/simulator/index.js';
import { runCli } from '../../services/cli/cli.js';
import { root, run } from '../support/house.js';
import { sessionOf, type Ran } from '../support/session-events.js';

vi.setConfig({ testTimeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), 'weir-history-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const hour = 3_600_000;
const monday = Date.UTC(2026, 0, 5);

interface Answer {
  readonly events: number;
  readonly added: number;
  readonly leftOut: number;
  readonly lines: readonly { readonly line: number; readonly reason: string }[];
  readonly history: Readonly<
    Record<'events' | 'sessions' | 'identities' | 'ofNobody' | 'from' | 'to', number>
  >;
}

const environment = { ...process.env, WEIR_DATA: join(folder, 'state') };

async function weir(...argv: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const to = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
  const code = await runCli(argv, { env: environment, cwd: folder, ...to });
  return { code, stdout: out.join('\n'), stderr: err.join('\n') };
}

const parsed = ({ stdout }: { stdout: string }) => JSON.parse(stdout) as Answer;

/** Lines of events.ndjson. */
function linesOf(id: string, identity: string, statements: readonly Ran[]): string[] {
  return sessionOf({ id, identity }, statements).map((raw) => {
    const envelope = decodeEnvelope(raw);
    return eventLine({ topic: topics.session, loggedAt: Number(envelope.timeUs / 1000n), envelope });
  });
}

function write(name: string, content: string | readonly string[] | Buffer): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    typeof content === 'string' || Buffer.isBuffer(content) ? content : `${content.join('\n')}\n`,
  );
  return path;
}

const [first, second, third] = [
  linesOf('ses_1', 'corp:bot', [{ at: monday + 9 * hour, rows: 5 }]),
  linesOf('ses_2', 'corp:ann', [{ at: monday + 33 * hour, rows: 7, table: 'vault' }]),
  linesOf('ses_3', 'corp:eve', [{ at: monday }]),
];

describe('weir ingest', () => {
  it('loads what is well-formed, names what is not by file, line and reason, and ends with 1', async () => {
    const feb30 = first[0]!.replace('2026-01-05', '2026-02-30');
    const odd = ['{"topic":', '[]', first[0]!.replace(/"seq":\d+,/, ''), feb30];
    const file = write('odd.ndjson', [...first, ...odd, '', ...second]);
    const loaded = await weir('ingest', file, '--store', 'odd', '--json');
    expect(loaded.code).toBe(1);
    const { events, added, leftOut, lines, history } = parsed(loaded);
    expect([events, added, leftOut]).toEqual([8, 8, 4]);
    expect(lines.map(({ line }) => line)).toEqual([5, 6, 7, 8]);
    expect(lines[2]!.reason).toContain('seq: expected one');
    expect(loaded.stderr).toContain(`${file}:5: left out: `);
    expect(history).toMatchObject({ events: 8, sessions: 2, identities: 2, ofNobody: 0 });
    expect(history.to - history.from).toBeGreaterThan(23 * hour);
  });

  it('says what is wrong of a line once, and of a load of nothing no more than that', async () => {
    const noTime = first[0]!.replace(/"time":"[^"]*"/, '"time":"yesterday"');
    const loaded = await weir('ingest', write('none.ndjson', [noTime]), '--store', 'none');
    expect(loaded.stderr.match(/\btime: /g)).toHaveLength(1);
    expect(loaded.stdout).toMatch(
      /^loaded 0 events, 1 malformed line left out\n.* has 0 events and no session$/m,
    );
  });

  it('counts an event once, however often and in how many files it comes, from gzip and stdin too', async () => {
    const both = write('both.gz', gzipSync([...first, ...first, ...second].join('\n')));
    const piped = await run(
      'bash',
      ['--norc', '-c', `cat '${both}' | '${root}/weir' ingest - '${both}' --store odd --json`],
      {
        ...{ env: environment, cwd: folder },
      },
    );
    expect(piped.code).toBe(0);
    expect(parsed(piped)).toMatchObject({ events: 24, added: 0, leftOut: 0, history: { events: 8 } });
  });

  it('knows whose a session is that goes on in another file, counts what is nobody’s, loads what a broken gzip has', async () => {
    const files = [
      write('start.ndjson', first.slice(0, 2)),
      write('end.ndjson', first.slice(2)),
      write('orphan.ndjson', second.slice(1)),
      write(
        'cut.gz',
        gzipSync(`${Array.from({ length: 20_000 }, () => third[0]).join('\n')}\n`).subarray(0, -20),
      ),
    ];
    const loaded = await weir('ingest', ...files, '--store', 'parts', '--json');
    const history = { events: 8, sessions: 3, identities: 2, ofNobody: 3 };
    expect(parsed(loaded)).toMatchObject({ added: 8, leftOut: 1, history });
    expect(loaded.code).toBe(1);
    expect(loaded.stderr).toMatch(
      /cut\.gz:\d+: left out: the file cannot be read on: unexpected end of file/,
    );
  });

  it('that is killed leaves a store that it goes on with', async () => {
    const all = Array.from({ length: 5500 }, (_, i) =>
      linesOf(`ses_k${i}`, 'corp:bot', [{ at: monday + i * 1000 }]),
    ).flat();
    const file = write('killed.ndjson', all);
    const store = join(folder, 'killed');
    const program = join(root, 'dist/services/cli/main.js');
    const child = spawn(process.execPath, [program, 'ingest', '-', '--store', store], {
      ...{ env: environment, stdio: ['pipe', 'ignore', 'ignore'], detached: true },
    });
    // Its end does not come: there is more to read when it dies.
    child.stdin!.on('error', () => undefined).write(`${all.slice(0, 21_000).join('\n')}\n`);
    await vi.waitUntil(() => partsIn(store) > 0, { timeout: 60_000, interval: 5 });
    process.kill(-child.pid!, 'SIGKILL');
    await once(child, 'close');
    const again = parsed(await weir('ingest', file, '--store', store, '--json'));
    expect(again).toMatchObject({ leftOut: 0, history: { events: 22_000, sessions: 5500, ofNobody: 0 } });
    expect([again.added < 22_000, again.added > 0]).toEqual([true, true]);
  });

  it('opens no folder that is something else, nor takes a file that is not there', async () => {
    mkdirSync(join(folder, 'house/audit'), { recursive: true });
    const refused = await weir('ingest', write('some.ndjson', first), '--store', 'house');
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('is not empty') as unknown });
    expect(readdirSync(join(folder, 'house'))).toEqual(['audit']);
    const gone = await weir('ingest', write('some.ndjson', first), 'gone.ndjson', '--store', 'new');
    expect(gone).toMatchObject({
      ...{ code: 2, stderr: expect.stringContaining('gone.ndjson does not exist') as unknown },
    });
    expect((await weir('score', '--store', 'new')).code).toBe(4);
  });
});

/** Of the engine's tables, as they lie on the disk. */
function partsIn(store: string): number {
  try {
    const names = readdirSync(join(store, 'store'), { recursive: true, encoding: 'utf8' });
    return names.filter((name) => /\/20260105_\d+_\d+_\d+$/.test(name)).length;
  } catch {
    return 0; // the engine renames while one looks
  }
}

describe('weir score', () => {
  const config = 'detection: { honeytokens: [public.vault], detectors: own/ }';
  const own = `-- id: any-row
-- title: Any row
-- severity: low
-- technique: T1530
-- schedule: stream
-- explain: "{seen} rows"
SELECT identity, on_behalf_of, connection, table_name AS subject, toDateTime64(hour, 6) AS window_start,
  window_start + INTERVAL 1 HOUR AS window_end, sessions, statement_ids AS statements, rows AS seen
FROM weir.table_hours WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)} AND identity = 'corp:bot'`;
  const usual = own
    .replace('any-row', 'usual')
    .replace('schedule: stream', 'schedule: day')
    .replace('{seen} rows', 'at most {seen} rows')
    .replace(
      /SELECT[^]*/,
      `SELECT b.identity AS identity, '' AS on_behalf_of, b.connection AS connection, b.table_name AS subject,
  toDateTime64(b.day, 6) AS window_start, window_start + INTERVAL 1 DAY AS window_end, CAST([], 'Array(String)') AS sessions,
  CAST([], 'Array(String)') AS statements, b.rows_most AS seen
FROM weir.baselines AS b WHERE b.scope = 'identity' AND b.day >= toDate({from:DateTime64(6)}) AND b.day < toDate({to:DateTime64(6)})`,
    );
  const asked = own
    .replace('any-row', 'asked')
    .replace('schedule: stream', 'schedule: hour')
    .replace('{seen} rows', 'asked until {until}')
    .replace(
      /SELECT[^]*/,
      `SELECT 'corp:asked' AS identity, '' AS on_behalf_of, '' AS connection, '' AS subject, {from:DateTime64(6)} AS window_start,
  {to:DateTime64(6)} AS window_end, window_end AS until, CAST([], 'Array(String)') AS sessions, CAST([], 'Array(String)') AS statements`,
    );
  const label = (id: string, identity: string, session: string) =>
    `${id},honeytoken,plain,1,rows,${identity},shop,2026-01-06T00:00:00Z,2026-01-06T23:00:00Z,${session},,public.vault`;

  it('runs the shipped detectors and the house’s own, compares with labels, and names what it left out', async () => {
    mkdirSync(join(folder, 'own'));
    write('own/any-row.sql', own);
    write('own/broken.sql', own.replace('-- id: any-row', '-- id: [').replace('FROM', 'FRO'));
    const failing = own
      .replace('any-row', 'failing')
      .replace('rows AS seen', 'intDiv(rows, rows - 5) AS seen');
    write('own/failing.sql', failing);
    write('weir.yaml', config);
    await weir('ingest', write('two.ndjson', [...first, ...second]));
    const labels = write('labels.csv', [
      labelHeader,
      label('inc-1', 'corp:ann', 'ses_2'),
      label('inc-2', 'corp:nobody', 'ses_9'),
      label('inc-1', 'corp:ann', 'ses_2'),
      label('inc-3', 'corp:ann', 'ses_2').replace('plain', 'odd'),
    ]);
    const { code, stdout, stderr } = await weir('score', labels, '--learn', '0', '--json');
    expect(code).toBe(1);
    const answer = JSON.parse(stdout) as {
      readonly labels: {
        readonly incidents: number;
        readonly lines: readonly { line: number; reason: string }[];
      };
      readonly score: {
        readonly overall: readonly object[];
        readonly kinds: readonly object[];
        readonly detectors: readonly object[];
      };
    };
    expect(answer.labels.incidents).toBe(1);
    expect(answer.labels.lines.map(({ line }) => line)).toEqual([5, 3, 4]);
    expect(stderr).toContain('labels.csv:3: left out: identity: the history has no event of corp:nobody');
    expect(stderr).toMatch(/detector \S+broken\.sql is refused: broken\.sql:\d: /);
    expect(stderr).toMatch(/detector failing does not answer: .*[Dd]ivision by zero/);
    const one = { value: 1, of: 1 };
    expect(answer.score.overall).toMatchObject([
      {
        severity: 'low',
        recall: one,
        plain: one,
        stealthy: { value: null, of: 0 },
        falseAlarms: { count: 1 },
      },
      {
        severity: 'medium',
        recall: one,
        falseAlarms: { count: 0 },
        precisionAt: [1, 3, 10, 30].map(() => ({ value: 1 })),
      },
      { severity: 'high', recall: one },
      { severity: 'critical', findings: 1, recall: one, precisionHere: one },
    ]);
    expect(answer.score.kinds).toMatchObject([
      { kind: 'honeytoken', form: 'plain', recall: one, byMagnitude: [{ from: 1, to: 1, recall: one }] },
    ]);
    expect(answer.score.detectors).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ detector: 'honeytoken', findings: 1, falseFindings: 0, alone: 1 }),
        expect.objectContaining({ detector: 'any-row', findings: 1, falseFindings: 1, alone: 0 }),
      ]),
    );
  });

  it('lists what is found where there are no labels, of the events and detectors as they are now', async () => {
    rmSync(join(folder, 'own'), { recursive: true });
    mkdirSync(join(folder, 'own'));
    write('own/usual.sql', usual);
    write('own/asked.sql', asked);
    await weir(
      'ingest',
      write('more.ndjson', linesOf('ses_4', 'corp:bot', [{ at: monday + 10 * hour, rows: 50 }])),
    );
    const { code, stdout } = await weir('score', '--learn', '0');
    expect(code).toBe(0);
    expect(stdout).toMatch(/2026-01-06 09:00 +critical +honeytoken +corp:ann +shop, public\.vault/);
    expect(stdout).toMatch(/2026-01-06 00:00 +low +usual +corp:bot .* at most 50 rows/);
    // Nothing is missing in the hours that the history does not have.
    expect(stdout).toMatch(/2026-01-06 00:00 +low +asked +corp:asked .* asked until 2026-01-06 10:00/);
    expect(stdout).toContain('4 findings, 3 alarms');
    expect(stdout).not.toContain('any-row');
  });
});

describe('docs/detection.md', () => {
  const page = readFileSync(join(root, 'docs/detection.md'), 'utf8');
  const [, block = ''] = /<!-- history: [^>]*-->\n```sh\n([^]*?)^```$/m.exec(page) ?? [];

  it('has an example that runs, with the simulator’s events', async () => {
    const small = block
      .replace(/^npx tsc .*\n/, '')
      .replaceAll('/tmp/history', join(folder, 'docs'))
      .replace(
        '--seed 1 --agents 50 --weeks 6 --incidents 20',
        '--seed 2 --agents 2 --weeks 3 --incidents 2000',
      );
    expect(small).toContain('--agents 2 ');
    const { code, stdout } = await run('bash', ['--norc', '-ec', small], { env: environment, cwd: root });
    expect([code, stdout.replaceAll('\n', ' ')]).toEqual([
      0,
      expect.stringMatching(/^(\d+) events, (\d+) incidents loaded \1 events .* \2 incidents/),
    ]);
    expect(stdout).toContain('measured   from 2026-01-19 on');
    expect(stdout).toMatch(/^bulk-read +plain +1 /m);
  });
});
