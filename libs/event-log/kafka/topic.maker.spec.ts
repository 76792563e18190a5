import type { Admin } from 'kafkajs';
import { expect, it } from 'vitest';
import { topics } from '#events';
import { defaultTopicSettings } from './kafka.options.js';
import { ensureTopics } from './topic.maker.js';
import { TopicNames } from './topic.names.js';

/** A cluster (a stub: a real one does so only when busy) whose brokers hear of new topics after so many questions. */
function slowToHear(questions: number) {
  const made = new Set<string>();
  let left = questions;
  const unknown = Object.assign(new Error('This server does not host this topic-partition'), {
    type: 'UNKNOWN_TOPIC_OR_PARTITION',
  });
  const asked = () => {
    if (left-- > 0) throw unknown;
  };
  const partitions = (name: string) => Array.from({ length: name === topics.session ? 8 : 1 }, () => ({}));
  const admin = {
    listTopics: async () => [...made],
    createTopics: async ({ topics: wanted }: { topics: { topic: string }[] }) => {
      for (const { topic } of wanted) made.add(topic);
      asked();
      return true;
    },
    fetchTopicMetadata: async ({ topics: wanted }: { topics: string[] }) => {
      asked();
      return { topics: wanted.map((name) => ({ name, partitions: partitions(name) })) };
    },
    describeConfigs: async () => ({ resources: [] }),
  } as unknown as Admin;
  return { admin, made };
}

const settings = { ...defaultTopicSettings, partitions: 8 };

it('waits until the brokers have heard of the topics that it made', async () => {
  const { admin, made } = slowToHear(3);
  await ensureTopics(admin, new TopicNames(''), settings);
  expect([...made].sort()).toEqual(Object.values(topics).sort());
});

it('gives up on brokers that never hear of them', async () => {
  await expect(ensureTopics(slowToHear(99).admin, new TopicNames(''), settings)).rejects.toThrow(
    'does not host',
  );
});
