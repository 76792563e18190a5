import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Detector } from '../../services/audit/detection/detector.check.js';
import { sessionOf } from '../support/session-events.js';
import { DetectionStage } from './detection.stage.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const now = Date.UTC(2026, 9, 14, 10, 30);

/** It divides by zero where somebody reads 666 rows in an hour. */
const fragile = `-- id: fragile
-- title: Rows
-- severity: low
-- technique: T1530
-- schedule: stream
-- explain: "{seen} rows"
SELECT identity, on_behalf_of, connection, table_name AS subject, toDateTime64(hour, 6) AS window_start,
  window_start + INTERVAL 1 HOUR AS window_end, sessions, statement_ids AS statements, rows AS seen
FROM weir.table_hours WHERE hour >= {from:DateTime64(6)} AND hour < {to:DateTime64(6)} AND intDiv(1000, toInt64(seen) - 666) < 1000`;

describe('an hour that a detector does not answer for', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-fragile-'));
  let stage: DetectionStage;
  let detectors: readonly Detector[];
  beforeAll(async () => {
    writeFileSync(join(folder, 'fragile.sql'), fragile);
    stage = await DetectionStage.start(now);
    const loaded = await stage.detectors([folder]);
    expect([...loaded.refused.values()]).toEqual([]);
    ({ detectors } = loaded);
  }, 60_000);
  afterAll(async () => {
    await stage.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const read = (name: string, at: number, rows: number) =>
    stage.append(sessionOf({ id: `ses_${name}_${at}_${rows}`, identity: `corp:${name}` }, [{ at, rows }]));
  const ids = async () => (await stage.found()).map((each) => each.split(' ')[1]);

  it('hides nobody of other hours, and is asked for again, later and later', async () => {
    await read('flood', now - 2 * hour, 666);
    await read('thief', now - hour, 7);
    await read('other', now, 7);
    const engine = stage.engine(detectors);
    await engine.round();
    while (engine.hasMore) await engine.round();
    expect(await ids()).toEqual(['corp:other', 'corp:thief']);
    // The three hours at once, then the one.
    expect(stage.failures).toHaveLength(2);
    expect([...engine.waiting()]).toEqual([['fragile', 1]]);
    for (const pause of [1, 2, 4]) {
      stage.clock.advance(pause * minute - 1);
      await engine.round();
      const before = stage.failures.length;
      stage.clock.advance(1);
      await engine.round();
      expect(stage.failures.length).toBe(before + 1);
    }
  });

  it('is not asked for with what comes later, is remembered by the next process, and found in once it answers', async () => {
    const engine = stage.engine(detectors);
    const before = stage.failures.length;
    await read('late', now - 2 * hour, 8);
    await read('later', now - hour, 8);
    await engine.round();
    expect(stage.failures).toHaveLength(before);
    expect(await ids()).toEqual(['corp:later', 'corp:other', 'corp:thief']);
    await read('flood', now - 2 * hour, 10);
    stage.clock.advance(8 * minute);
    await engine.round();
    expect(await ids()).toEqual(['corp:flood', 'corp:late', 'corp:later', 'corp:other', 'corp:thief']);
    expect([...engine.waiting()]).toEqual([['fragile', 0]]);
    expect([...stage.engine(detectors).waiting()]).toEqual([['fragile', 0]]);
  });

  it('is forgotten after 28 days, and with its detector', async () => {
    await read('again', now - 3 * hour, 666);
    const engine = stage.engine(detectors);
    await engine.round();
    expect([...engine.waiting()]).toEqual([['fragile', 1]]);
    await stage.engine([]).round();
    const next = stage.engine(detectors);
    await next.round();
    expect([...next.waiting()]).toEqual([['fragile', 0]]);
    await read('again', now - 3 * hour, 10);
    await read('anew', now - 4 * hour, 666);
    await next.round();
    while (next.hasMore) await next.round();
    expect([...next.waiting()]).toEqual([['fragile', 1]]);
    stage.clock.advance(28 * day);
    await next.round();
    expect([...next.waiting()]).toEqual([['fragile', 0]]);
  });

  it('is no hour of a store that is away: the round is tried again', async () => {
    const clock = stage.clock;
    await read('gone', clock.now(), 666);
    await stage.reader.close();
    await expect(stage.engine(detectors).round()).rejects.toThrow(/the embedded audit store answers/);
    const marks = await stage.rows(`SELECT name FROM weir.detection_mark_rows FINAL
      WHERE place >= 0 AND name LIKE 'unanswered/fragile/${Math.floor(clock.now() / hour) * hour}'`);
    expect(marks).toEqual([]);
  });
});

describe('an answer that somebody fills', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-crowd-'));
  let stage: DetectionStage;
  beforeAll(async () => {
    writeFileSync(join(folder, 'fragile.sql'), fragile);
    stage = await DetectionStage.start(now);
  }, 60_000);
  afterAll(async () => {
    await stage.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const reads = (name: string, at: number, tables: number) =>
    stage.append(
      sessionOf(
        { id: `ses_${name}_${at}`, identity: `corp:${name}` },
        Array.from({ length: tables }, (_, i) => ({ at, table: `t${i}`, rows: 7 })),
      ),
    );

  it('has the rows of others, too, and all of whoever has few in each hour', async () => {
    const { detectors } = await stage.detectors([folder]);
    await reads('crowd', now, 1100);
    await reads('thief', now, 1);
    await reads('wide', now - hour, 15);
    await reads('wide', now, 15);
    await stage.engine(detectors).round();
    const found = (await stage.findings()).map(({ identity }) => identity);
    const of = (identity: string) => found.filter((each) => each === identity).length;
    expect([of('corp:thief'), of('corp:wide'), of('corp:crowd')]).toEqual([1, 30, 20]);
    expect(stage.cuts).toEqual(['fragile']);
    expect(stage.failures).toEqual([]);
  });
});

describe("a house's own detectors", { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-own-'));
  let stage: DetectionStage;
  let detectors: readonly Detector[];
  const own = new Set(['own-a', 'own-b', 'own-c', 'own-d']);
  beforeAll(async () => {
    for (const id of ['fragile', ...own])
      writeFileSync(join(folder, `${id}.sql`), fragile.replace('id: fragile', `id: ${id}\n-- risk: high`));
    stage = await DetectionStage.start(now);
    ({ detectors } = await stage.detectors([folder]));
    expect(detectors).toHaveLength(5);
  }, 60_000);
  afterAll(async () => {
    await stage.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const asked: string[] = [];
  /** Queries of the house's own that are held, each until it is let go. */
  const held: (() => void)[] = [];
  const ownReader = (isHeld: boolean) =>
    new Proxy(stage.reader, {
      get: (reader, name) => {
        if (name !== 'exec') return Reflect.get(reader, name) as unknown;
        return async (params: Parameters<typeof reader.exec>[0]) => {
          if (isHeld) await new Promise<void>((done) => held.push(done));
          return reader.exec(params);
        };
      },
    });
  const engine = (isHeld = false) =>
    stage.engine(
      detectors,
      {},
      {
        own,
        ownReader: ownReader(isHeld),
        raise: (findings) => {
          asked.push(`${findings[0]!.detector.id} ${findings.length}`);
          return Promise.resolve();
        },
      },
    );
  const read = (rows: number, at = now) =>
    stage.append(sessionOf({ id: `ses_${rows}`, identity: `corp:bot-${rows}` }, [{ at, rows }]));
  const isHolding = async () => {
    while (held.length === 0) await new Promise((done) => setTimeout(done, 5));
    return held.shift()!;
  };

  it('let no shipped one wait, and are asked once more where something came in meanwhile', async () => {
    await read(7);
    const slow = engine(true);
    await slow.round();
    const letFirstGo = await isHolding();
    await read(8);
    await slow.round();
    expect(asked.splice(0)).toEqual(['fragile 1', 'fragile 2']);
    expect(slow.hasMore).toBe(false);
    // Each was told to look there, once, whatever came since.
    expect([...slow.waiting().values()]).toEqual([0, 1, 1, 1, 1]);
    letFirstGo();
    for (const _ of ['own-b', 'own-c', 'own-d', 'own-a']) (await isHolding())();
    await slow.settled();
    expect(asked.splice(0)).toEqual(['own-a 2', 'own-b 2', 'own-c 2', 'own-d 2', 'own-a 2']);
    expect([...slow.waiting().values()]).toEqual([0, 0, 0, 0, 0]);
    await engine().round();
    expect(asked).toEqual([]);
    expect(stage.failures).toEqual([]);
  });

  it('are asked for hours that follow one another at once, by the hour where they do not answer, and by the next process', async () => {
    for (const [i, rows] of [1, 2, 666].entries()) await read(rows, now - (i + 2) * hour);
    const first = engine(true);
    await first.round();
    await isHolding();
    asked.splice(0);
    stage.failures.splice(0);
    const next = engine();
    await next.round();
    await next.settled();
    // Three hours of each, none, and then two of them.
    expect(asked.filter((each) => each.startsWith('own-'))).toHaveLength(8);
    expect(stage.failures.filter((each) => each.startsWith('own-'))).toHaveLength(8);
    expect([...next.waiting().values()].slice(1)).toEqual([1, 1, 1, 1]);
  });

  it('that cannot be asked, as the store is away, are no failure of theirs: the next round says so', async () => {
    await read(9, now - hour);
    const gone = stage.engine(
      detectors,
      {},
      { own, ownReader: { exec: refuse, query: refuse } as unknown as typeof stage.reader },
    );
    stage.failures.splice(0);
    await gone.round();
    await gone.settled();
    await expect(gone.round()).rejects.toThrow('away');
    expect(stage.failures).toEqual([]);
    expect(gone.waiting().get('own-a')).toBeGreaterThan(0);
  });
  const refuse = () => Promise.reject(new Error('the store is away'));
});
