import { EventEmitter, getEventListeners } from 'node:events';
import type { Kafka } from 'kafkajs';
import { afterEach, expect, it, vi } from 'vitest';
import { topics } from '#events';
import { GroupWorker } from './group.worker.js';
import { PartitionShare } from './partition.share.js';
import type { TopicNames } from './topic.names.js';

afterEach(() => vi.unstubAllGlobals());

/** What the first of those that are made from now on, a member's own, is listened to by. */
function firstSignal(): () => AbortSignal {
  const made: AbortController[] = [];
  class Seen extends AbortController {
    constructor() {
      super();
      made.push(this);
    }
  }
  vi.stubGlobal('AbortController', Seen);
  return () => made[0]!.signal;
}

/** Its consumers join, and are thrown out of their group as soon as they run. */
function crashing(): { kafka: Kafka; joined: () => number } {
  let joined = 0;
  const consumer = () => {
    const emitter = new EventEmitter();
    return {
      events: { CRASH: 'crash', GROUP_JOIN: 'join' },
      on: (name: string, listener: (event: unknown) => void) => emitter.on(name, listener),
      connect: () => Promise.resolve(),
      disconnect: () => Promise.resolve(),
      subscribe: () => Promise.resolve(),
      pause: () => undefined,
      run: () => {
        joined++;
        emitter.emit('join', { payload: { memberAssignment: {} } });
        emitter.emit('crash', { payload: { error: new Error('thrown out') } });
        return Promise.resolve();
      },
    };
  };
  return { kafka: { consumer } as unknown as Kafka, joined: () => joined };
}

const names = { of: String, group: String, sharingGroup: String } as unknown as TopicNames;
const nothing = () => undefined;

it.each([
  [
    'a worker',
    (kafka: Kafka) =>
      new GroupWorker(kafka, names, { topic: topics.session, group: 'g' }, nothing, nothing, nothing),
  ],
  [
    'a share',
    (kafka: Kafka) =>
      new PartitionShare(kafka, names, { topics: [topics.session], group: 'g' }, nothing, nothing),
  ],
])(
  '%s that joins again and again keeps nothing of the memberships before',
  async (_, begin) => {
    const signal = firstSignal();
    const { kafka, joined } = crashing();
    const member = begin(kafka);
    await vi.waitFor(() => expect(joined()).toBeGreaterThan(4), 20_000);
    // The pause before the next time, or that membership.
    expect(getEventListeners(signal(), 'abort').length).toBeLessThanOrEqual(2);
    await member.stop();
    const ended = joined();
    expect(getEventListeners(signal(), 'abort')).toEqual([]);
    expect(joined()).toBe(ended);
  },
  30_000,
);
