import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DetectorsPublishedSchema, payload, topics, type DetectorsPublished } from '#events';
import { DetectorShelf } from '../../services/audit/detection/detector.shelf.js';
import { sessionOf } from '../support/session-events.js';
import { DetectionStage } from './detection.stage.js';

const now = Date.UTC(2026, 9, 14, 10, 30);
const folder = mkdtempSync(join(tmpdir(), 'weir-shelf-'));
const own = join(folder, 'own');
const told: string[][] = [];
let stage: DetectionStage;
let shelf: DetectorShelf;

beforeAll(async () => {
  mkdirSync(own);
  stage = await DetectionStage.start(now);
  await stage.append(sessionOf({ id: 'ses_1' }, [{ at: now - 60_000, rows: 7 }]));
  shelf = newShelf();
}, 60_000);
afterAll(async () => {
  await stage.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** As a process has it that has just started. */
const newShelf = () =>
  new DetectorShelf({
    folders: [{ path: own, owner: 'house' }],
    ...{ settings: stage.settings, reader: stage.reader, client: stage.writer, log: stage.log },
    ...{ source: 'audit/test', clock: stage.clock },
    onSet: (files) => told.push(files.flatMap(({ refused }) => (refused === '' ? [] : [refused]))),
  });

const detector = (id: string, least = 1) => `-- id: ${id}
-- title: Rows
-- severity: low
-- technique: T1530
-- schedule: stream
-- explain: "{seen} rows"
SELECT identity, on_behalf_of, connection, table_name AS subject, toDateTime64(hour, 6) AS window_start,
  window_start + INTERVAL 1 HOUR AS window_end, sessions, statement_ids AS statements, rows AS seen
FROM weir.table_hours WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)} AND seen >= ${least}`;
const broken = detector('first').replace('FROM weir.table_hours', 'FRO weir.table_hours');
const write = (name: string, text: string) => writeFileSync(join(own, name), text);
const digest = (text: string) => createHash('sha256').update(text).digest('hex');

/** After the pause between two looks. */
async function look(): Promise<boolean> {
  stage.clock.advance(5_000);
  const isOther = await shelf.look();
  await stored();
  return isOther;
}

/** All that is on the log. */
async function stored(): Promise<void> {
  const [end] = await stage.log.end(topics.finding);
  while (end && !stage.ingest.has(end)) await new Promise((done) => setTimeout(done, 5));
}

async function published(): Promise<DetectorsPublished[]> {
  const events = await stage.log.read({ topic: topics.finding, partition: 0, offset: -1 }, 1000);
  return events.flatMap(({ envelope }) => payload(DetectorsPublishedSchema, envelope) ?? []);
}

const running = () => shelf.detectors.map(({ id, version }) => `${id} ${version}`);
const expected = (...texts: string[]) => texts.map((text) => `${/id: (\S+)/.exec(text)![1]} ${digest(text)}`);

describe('the detectors that run', () => {
  it('are published with their texts before they find anything, and once', async () => {
    write('a.sql', detector('first'));
    write('b.sql', detector('second'));
    expect(await look()).toBe(true);
    expect(running()).toEqual(expected(detector('first'), detector('second')));
    const [set, ...others] = await published();
    expect(others).toEqual([]);
    expect(set!.detectors).toMatchObject([
      {
        file: 'a.sql',
        owner: 'house',
        detector: 'first',
        version: digest(detector('first')),
        text: detector('first'),
      },
      { file: 'b.sql', detector: 'second', title: 'Rows', severity: 'low', schedule: 'stream', refused: '' },
    ]);
    expect(await look()).toBe(false);
    shelf = newShelf();
    expect(await look()).toBe(true);
    expect(await published()).toHaveLength(1);
  });

  it('are those of a changed file and of a new one within seconds, and a finding names the text that it is of', async () => {
    write('a.sql', detector('first', 2));
    write('c.sql', detector('third'));
    expect(await shelf.look()).toBe(false);
    expect(await look()).toBe(true);
    expect(running()).toEqual(expected(detector('first', 2), detector('second'), detector('third')));
    await stage.engine(shelf.detectors).round();
    await stored();
    const rows = await stage.rows(
      `SELECT DISTINCT f.detector AS id, d.text AS text FROM weir.findings AS f
       JOIN weir.detectors AS d ON d.detector = f.detector AND d.version = f.version ORDER BY id`,
    );
    expect(rows).toEqual([
      { id: 'first', text: detector('first', 2) },
      { id: 'second', text: detector('second') },
      { id: 'third', text: detector('third') },
    ]);
    const before = await stage.rows(
      `SELECT text FROM weir.detectors WHERE version = '${digest(detector('first'))}'`,
    );
    expect(before).toEqual([{ text: detector('first') }]);
  });

  it('go on in their last good version where a file is refused, after a restart too', async () => {
    const good = expected(detector('first', 2), detector('second'), detector('third'));
    write('a.sql', broken);
    write('d.sql', broken);
    expect(await look()).toBe(true);
    expect(running()).toEqual(good);
    expect(told.at(-1)).toEqual([expect.stringMatching(/^a\.sql:/), expect.stringMatching(/^d\.sql:/)]);
    shelf = newShelf();
    await look();
    expect(running()).toEqual(good);
    const sets = await published();
    expect(sets).toHaveLength(3);
    expect(sets.at(-1)!.detectors).toMatchObject([
      {
        file: 'a.sql',
        detector: 'first',
        text: detector('first', 2),
        refused: expect.stringMatching(/^a\.sql:/) as unknown,
      },
      { file: 'b.sql', refused: '' },
      { file: 'c.sql', refused: '' },
      { file: 'd.sql', detector: '', text: '', refused: expect.stringMatching(/^d\.sql:/) as unknown },
    ]);
  });

  it('go on where their folder cannot be read, and end where their file is gone', async () => {
    const good = running();
    renameSync(own, join(folder, 'away'));
    await look();
    expect(running()).toEqual(good);
    expect(told.at(-1)).toContain(`${own}: cannot be read: ENOENT`);
    shelf = newShelf();
    await look();
    expect(running()).toEqual(good);
    renameSync(join(folder, 'away'), own);
    for (const name of ['a.sql', 'd.sql']) rmSync(join(own, name));
    expect(await look()).toBe(true);
    expect(running()).toEqual(expected(detector('second'), detector('third')));
    expect((await published()).at(-1)!.detectors.map(({ file }) => file)).toEqual(['b.sql', 'c.sql']);
  });

  it('are as before where the log does not answer, and another time others', async () => {
    const before = running();
    write('b.sql', detector('second', 3));
    const { log } = stage;
    const append = log.append.bind(log);
    log.append = () => Promise.reject(new Error('away'));
    await expect(look()).rejects.toThrow('away');
    expect(running()).toEqual(before);
    log.append = append;
    expect(await look()).toBe(true);
    expect(running()).toEqual(expected(detector('second', 3), detector('third')));
  });

  it('are looked at again after a minute where one is refused: it may have been the store’s fault', async () => {
    const { reader } = stage;
    const exec = reader.exec.bind(reader);
    reader.exec = () => Promise.reject(new Error('short of memory'));
    write('e.sql', detector('fifth'));
    const before = running();
    expect(await look()).toBe(true);
    expect(running()).toEqual(before);
    reader.exec = exec;
    expect(told.at(-1)).toEqual(['b.sql', 'c.sql', 'e.sql'].map((file) => `${file}: short of memory`));
    expect(await look()).toBe(false);
    stage.clock.advance(55_000);
    expect(await look()).toBe(true);
    expect(running()).toContain(expected(detector('fifth'))[0]);
    expect(told.at(-1)).toEqual([]);
  });
});
