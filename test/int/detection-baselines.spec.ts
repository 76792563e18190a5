import { describe, expect, it } from 'vitest';
import { seedHistory } from '../../bench/detect/history.js';
import { sessionOf } from '../support/session-events.js';
import { DetectionStage } from './detection.stage.js';

const minute = 60_000;
const day = 86_400_000;
/** Noon of a day that is over. */
const today = Math.floor(Date.now() / day) * day - day;
const now = today + day / 2;
const dayText = new Date(today).toISOString().slice(0, 10);

describe('baselines', { timeout: 60_000 }, () => {
  // prettier-ignore
  it('are made of the whole record, though a small partition is at its end before a large one is', async () => {
    const stage = await DetectionStage.start(now);
    try {
      const offset = await seedHistory(stage.writer, { events: 104_000, days: 3, to: now - 2 * day, offset: 0, stored: 'then' });
      await seedHistory(stage.writer, { events: 260, days: 0.01, to: now, offset, stored: 'then' });
      await stage.writer.command({
        query: `ALTER TABLE weir.session_event_rows UPDATE \`partition\` = 1 WHERE offset >= ${offset} SETTINGS mutations_sync = 1`,
      });
      const { detectors } = await stage.detectors();
      const engine = stage.engine(detectors.filter(({ id }) => id === 'honeytoken'));
      while ((await engine.round()) > 0);
      const [counted] = await stage.rows<{ expected: number; made: number }>(
        `SELECT uniqExact(hour, identity) AS expected,
           (SELECT sum(hours) FROM weir.baselines WHERE scope = 'whole' AND day = '${dayText}') AS made
         FROM weir.identity_hours WHERE hour < '${dayText} 00:00:00'`,
      );
      expect(counted!.expected).toBeGreaterThan(3000);
      expect(counted!.made).toBe(counted!.expected);
      expect(stage.failures).toEqual([]);
    } finally {
      await stage.stop();
    }
  });

  it('are made anew when something late belongs to them, not each time', async () => {
    const stage = await DetectionStage.start(now);
    try {
      const { detectors } = await stage.detectors();
      const engine = () => stage.engine(detectors.filter(({ id }) => id === 'honeytoken'));
      const read = (name: string, at: number) =>
        stage.append(sessionOf({ id: `ses_${name}_${at}`, identity: `corp:${name}` }, [{ at, rows: 7 }]));
      const known = async () =>
        (
          await stage.rows<{ identity: string }>(
            `SELECT identity FROM weir.baselines WHERE scope = 'whole' AND day = '${dayText}' ORDER BY identity`,
          )
        ).map(({ identity }) => identity);
      await read('usual', now - 2 * day);
      await read('usual', now - minute);
      await engine().round();
      expect(await known()).toEqual(['corp:usual']);
      await read('late', now - day);
      await engine().round();
      await read('usual', now);
      await engine().round();
      expect(await known()).toEqual(['corp:late', 'corp:usual']);
      await read('later', now - day);
      await read('usual', now + 1);
      await engine().round();
      expect(await known()).toEqual(['corp:late', 'corp:usual']);
      stage.clock.advance(10 * minute);
      await read('usual', now + 2);
      await engine().round();
      expect(await known()).toEqual(['corp:late', 'corp:later', 'corp:usual']);
      expect(stage.failures).toEqual([]);
    } finally {
      await stage.stop();
    }
  });
});
