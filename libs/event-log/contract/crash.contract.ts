import { setTimeout as pause } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { EventLog } from '../port.js';
import { patience, session, event, idsOf, ids, ofKey, readAll, type Opened } from './subject.js';

/** Of each of two lanes; `npm run test:long` sets WEIR_ROUNDS. */
const kills = process.env['WEIR_ROUNDS'] === 'long' ? 25 : 8;

export function crashContract(opened: Opened): void {
  describe('a writer killed by SIGKILL', () => {
    let log: EventLog;
    beforeEach(() => {
      log = opened().log;
    });

    it('loses nothing that was resolved, reorders nothing, and never disturbs the other writer', async (context) => {
      const spawnWriter = opened().spawnWriter?.bind(opened());
      if (!spawnWriter) return context.skip();
      const seen: string[] = [];
      const tail = log.tail({ topics: [session] }, (batch) => void seen.push(...idsOf(batch)));
      const told: string[] = [];
      let crashing = true;

      const stay = async () => {
        let n = 0;
        while (crashing) await log.append(session, [event('stays', ++n)]);
        return n;
      };
      const crash = async (writer: string) => {
        const child = spawnWriter(writer);
        await child.said(1);
        await pause(Math.random() * 30);
        await child.kill();
        told.push(...child.lines);
      };
      const crashAll = async (lane: number, kills: number) => {
        for (let i = 0; i < kills; i++) await crash(`crashes${lane}x${i}`);
      };

      const staying = stay();
      await Promise.all([crashAll(1, kills), crashAll(2, kills)]).finally(() => (crashing = false));
      const count = await staying;
      await tail.passed(`stays-${count}`, patience);

      const logged = await readAll(await opened().reopen(), session);
      const present = new Set(idsOf(logged));
      expect(told.filter((id) => !present.has(id))).toEqual([]);
      expect(told.length).toBeGreaterThanOrEqual(2 * kills);
      expect(ofKey(logged, 'stays')).toEqual(ids('stays', 1, count));
      const keys = new Set(logged.map(({ envelope }) => envelope.subject));
      expect(keys.size).toBe(2 * kills + 1);
      for (const key of keys) {
        const own = ofKey(logged, key);
        expect(own).toEqual(ids(key, 1, own.length));
      }
      expect([...seen].sort()).toEqual(idsOf(logged).sort());
    }, 120_000);
  });
}
