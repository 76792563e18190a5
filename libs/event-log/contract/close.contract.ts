import { setTimeout as pause } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { EventLog, LoggedEvent } from '../port.js';
import { patience, session, event, idsOf, ids, readAll, type Opened } from './subject.js';

export function closeContract(opened: Opened): void {
  describe('close', () => {
    let log: EventLog;
    beforeEach(() => {
      log = opened().log;
    });

    it('stops its readers, refuses further appends, and may be called twice', async () => {
      const seen: LoggedEvent[] = [];
      const tail = log.tail({ topics: [session] }, (batch) => void seen.push(...batch));
      log.work({ topic: session, group: 'g' }, (batch) => void seen.push(...batch));
      const waiting = tail.passed('never', patience).catch((error: unknown) => error);
      const other = await opened().reopen();
      await log.close();
      await log.close();
      expect(await waiting).toMatchObject({ code: 'SHUTTING_DOWN' });
      await expect(log.append(session, [event('a', 1)])).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
      await other.append(session, [event('a', 2)]);
      await pause(300);
      expect(seen).toEqual([]);
    });

    it('finishes the appends that were under way', async () => {
      const other = await opened().reopen();
      const appends = Array.from({ length: 10 }, (_, i) => log.append(session, [event('a', i + 1)]));
      await log.close();
      await Promise.all(appends);
      expect(idsOf(await readAll(other, session))).toEqual(ids('a', 1, 10));
    });
  });
}
