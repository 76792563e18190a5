import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeEnvelope, newEvent, topics, TreeCutSchema } from '#events';
import { systemClock } from '#kernel';
import { detectDay } from '../../services/audit/detection/detect.js';
import type { DetectionEngine } from '../../services/audit/detection/detection.engine.js';
import type { Detector } from '../../services/audit/detection/detector.check.js';
import { seedHistory } from '../../bench/detect/history.js';
import { sessionOf } from '../support/session-events.js';
import { DetectionStage } from './detection.stage.js';

const minute = 60_000;
const hour = 60 * minute;
/** The log says itself when it was appended to, and by that goes what a checkpoint should cover. */
const now = Date.now();
const nextHour = (Math.floor(now / hour) + 1) * hour;

describe('what is missing in a past hour', { timeout: 60_000 }, () => {
  let stage: DetectionStage;
  let hourly: Detector[];
  beforeAll(async () => {
    stage = await DetectionStage.start(now);
    const { detectors } = await stage.detectors();
    hourly = detectors.filter(({ id }) => ['checkpoint-missing', 'record-gap'].includes(id));
    await stage.append(sessionOf({ id: 'ses_1' }, [{ at: now, rows: 7 }]));
    await cover(-1, 1);
    await stage.engine(hourly).round();
  }, 60_000);
  afterAll(() => stage.stop());

  const at = (time: number) => stage.clock.advance(time - stage.clock.now());
  const cover = (after: number, through: number) => {
    const tree = { topic: topics.session, partition: 0, after: BigInt(after), through: BigInt(through) };
    const origin = { source: 'audit/test', subject: 'tree', clock: systemClock };
    return stage.append([encodeEnvelope(newEvent(TreeCutSchema, tree, origin))], topics.proof);
  };

  it('is not told right after a start, when checkpoints are not made yet of what was stored before', async () => {
    at(nextHour + 3 * minute);
    const engine = stage.engine(hourly);
    await engine.round();
    expect(await stage.found()).toEqual([]);
    await cover(1, 3);
    at(nextHour + 6 * minute);
    await engine.round();
    expect(await stage.found()).toEqual([]);
  });

  it('is looked for once more when something late belongs to it, and not before that could be covered', async () => {
    const engine = stage.engine(hourly);
    at(nextHour + 7 * minute);
    await engine.round();
    at(nextHour + 10 * minute);
    await stage.append(sessionOf({ id: 'ses_2' }, [{ at: now, rows: 7 }]));
    await engine.round();
    at(nextHour + 11 * minute);
    await engine.round();
    expect(await stage.found()).toEqual([]);
    at(nextHour + 13 * minute);
    await engine.round();
    expect(await stage.found()).toEqual(['checkpoint-missing weir.session.v1/0']);
    expect(stage.failures).toEqual([]);
  });

  it('is told of a session with a hole, and of no other', async () => {
    const [started, received, , ended] = sessionOf({ id: 'ses_3' }, [{ at: now, rows: 7 }]);
    await stage.append([started!, received!, ended!]);
    const engine = stage.engine(hourly);
    await engine.round();
    at(nextHour + 20 * minute);
    await engine.round();
    expect(await stage.found()).toEqual([
      'checkpoint-missing weir.session.v1/0',
      'record-gap corp:bot ses_3',
    ]);
  });
});

describe('what no checkpoint covers', { timeout: 60_000 }, () => {
  const from = nextHour - 2 * hour;
  let stage: DetectionStage;
  beforeAll(async () => {
    stage = await DetectionStage.start(nextHour);
    // A hundred events of each partition, in the hour.
    await stage.writer.command({
      query: `INSERT INTO weir.session_event_rows (topic, partition, offset, logged_at, time, session_id, seq)
        SELECT 'weir.session.v1', intDiv(number, 100) AS tree, number % 100 AS place,
          toDateTime64(${from / 1000} + 60 + place, 3) AS at, at, concat('s', toString(tree)), place + 1 FROM numbers(600)`,
    });
  }, 60_000);
  afterAll(() => stage.stop());

  let events = 0;
  /** Of a partition, so many minutes after the hour began. */
  const cut = (partition: number, after: number, through: number, minutes: number, topic = 'weir.proof.v1') =>
    stage.writer.command({
      query: `INSERT INTO weir.control_event_rows (topic, offset, logged_at, event_id, type, payload)
        SELECT '${topic}', ${++events}, toDateTime64(${from / 1000 + minutes * 60}, 3), 'evt_${events}', 'TreeCut',
          '{"topic":"weir.session.v1","partition":${partition},"after":"${after}","through":"${through}"}'`,
    });
  async function found(): Promise<string[]> {
    const { detectors } = await stage.detectors();
    const only = detectors.filter(({ id }) => id === 'checkpoint-missing');
    const fail = (_: Detector, error: unknown) => {
      throw error;
    };
    const all = await detectDay(stage, only, { from, to: from + hour }, stage.settings, fail);
    return all.map(({ evidence }) => evidence.replace(/, logged since [^,]+,/, '')).toSorted();
  }

  it('is nothing where no tree was ever cut', async () => {
    expect(await found()).toEqual([]);
  });

  it('is of a partition without a cut, too, and whatever a cut claims that nobody of the house makes', async () => {
    await cut(0, -1, 49, 2);
    await cut(0, 49, 99, 3);
    await cut(1, -1, 89, 3);
    // No tree takes so many at once.
    await cut(2, -1, 2 ** 40, 3);
    await cut(3, -1, 99, 3, 'weir.policy.v1');
    // Of what was not logged yet.
    await cut(4, -1, 99, -90);
    // The first from one place counts; late is not missing.
    await cut(5, -1, 79, 4);
    await cut(5, -1, 99, 5);
    await cut(5, 79, 98, 500);
    expect(await found()).toEqual([
      '1 events of weir.session.v1/5 are in no checkpoint; the last one before them covers up to 98',
      '10 events of weir.session.v1/1 are in no checkpoint; the last one before them covers up to 89',
      '100 events of weir.session.v1/2 are in no checkpoint; none was made since',
      '100 events of weir.session.v1/3 are in no checkpoint; none was made since',
      '100 events of weir.session.v1/4 are in no checkpoint; none was made since',
    ]);
  });
});

describe('an hour of a record to which somebody always writes', { timeout: 60_000 }, () => {
  let stage: DetectionStage;
  let engine: DetectionEngine;
  let busy = 0;
  /** Of a partition that a neighbour stores. */
  const elsewhere = { topic: topics.session, partition: 1, offset: 5 };
  let neighbourHas = 4;
  beforeAll(async () => {
    stage = await DetectionStage.start(now);
    const { detectors } = await stage.detectors();
    engine = stage.engine(
      detectors.filter(({ id }) => id === 'record-gap'),
      {
        // Whoever looks finds something that is not stored yet.
        ends: async () => {
          await stage.log.append(
            topics.session,
            sessionOf({ id: `ses_busy_${busy++}` }, [{ at: stage.clock.now(), rows: 7 }]),
          );
          return [...(await stage.log.end(topics.session)), elsewhere];
        },
        isStored: (position) =>
          Promise.resolve(
            position.partition === 1 ? neighbourHas >= position.offset : stage.ingest.has(position),
          ),
      },
    );
    const [started, received, , ended] = sessionOf({ id: 'ses_hole' }, [{ at: now, rows: 7 }]);
    await stage.append([started!, received!, ended!]);
    await engine.round();
    stage.clock.advance(nextHour + 3 * minute - stage.clock.now());
    await engine.round();
  }, 60_000);
  afterAll(() => stage.stop());

  const stored = async () => {
    const [end] = await stage.log.end(topics.session);
    while (!stage.ingest.has(end!)) await new Promise((done) => setTimeout(done, 5));
  };

  it('is not looked at before a neighbour, too, has stored what the log had', async () => {
    await stored();
    await engine.round();
    expect(await stage.found()).toEqual([]);
  });

  it('is looked at once all is stored that was there when it was over, whatever came since', async () => {
    neighbourHas = 5;
    await engine.round();
    expect(await stage.found()).toEqual(['record-gap corp:bot ses_hole']);
    expect(stage.failures).toEqual([]);
  });
});

describe('a record that is older than detection', { timeout: 60_000 }, () => {
  it('is worked in piece by piece, all of it and nothing twice, and so is what comes meanwhile', async () => {
    const stage = await DetectionStage.start(now);
    try {
      const to = nextHour - 3 * hour;
      const from = await seedHistory(stage.writer, {
        events: 120_000,
        days: 3,
        to,
        offset: 0,
        stored: 'then',
      });
      const engine = stage.engine([]);
      await engine.round();
      await seedHistory(stage.writer, { events: 2000, days: 0.1, to, offset: from, stored: 'now' });
      for (let rounds = 0; engine.hasMore || rounds < 2; rounds++) await engine.round();
      const [counted] = await stage.rows(`SELECT count() AS events, uniqExact(offset) AS offsets,
          countIf(type IN ('SessionStarted', 'StatementOutcome')) AS active, (SELECT count() FROM weir.activity_rows) AS rows,
          (SELECT sum(statements) FROM weir.identity_hours) AS statements, countIf(type = 'StatementOutcome') AS outcomes
        FROM weir.session_event_rows`);
      const { events, offsets, active, rows, statements, outcomes } = counted as Record<string, number>;
      expect([offsets, rows, statements]).toEqual([events, active, outcomes]);
      expect(events).toBeGreaterThan(121_000);
      expect(await engine.round()).toBe(0);
    } finally {
      await stage.stop();
    }
  });
});
