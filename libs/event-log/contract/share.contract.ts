import { beforeEach, describe, expect, it } from 'vitest';
import type { EventLog, Partition } from '../port.js';
import { approval, events, session, until, type Opened } from './subject.js';

const topics = [session, approval] as const;

export function shareContract(opened: Opened): void {
  describe('share', () => {
    let log: EventLog;
    let all: string[];
    beforeEach(async () => {
      log = opened().log;
      const numbers = await Promise.all(topics.map((topic) => log.partitions(topic)));
      all = topics
        .flatMap((topic, i) => numbers[i]!.map((partition) => keyOf({ topic, partition })))
        .toSorted();
    });

    it('gives all partitions to the one member, and nothing more once it has stopped', async () => {
      const told: string[][] = [];
      const member = log.share({ topics, group: 'g' }, (mine) => void told.push(mine.map(keyOf).toSorted()));
      expect(told).toEqual([]);
      await until(() => told.length > 0, 'a share');
      expect(told[0]).toEqual(all);
      await member.stop();
      expect(told.slice(1).flat()).toEqual([]);
    });

    it('takes nothing from whoever reads at the same positions', async () => {
      await log.append(approval, events('a', 1, 3));
      let own: string[] = [];
      const other: string[] = [];
      log.share({ topics, group: 'g' }, (mine) => void (own = mine.map(keyOf)));
      await until(() => own.length > 0, 'a share');
      log.work(
        { topic: approval, group: 'g' },
        (batch) => void other.push(...batch.map((each) => each.envelope.id)),
      );
      await until(() => other.length >= 3, 'three events');
      expect(own.toSorted()).toEqual(all);
    });
  });
}

const keyOf = ({ topic, partition }: Partition) => `${topic}/${partition}`;
