import { setTimeout as pause } from 'node:timers/promises';
import kafkajs, { type Admin, type ITopicConfig } from 'kafkajs';
import { topics, type Topic } from '#events';
import { AppError } from '#kernel';
import { rootOf } from './kafka.errors.js';
import type { TopicSettings } from './kafka.options.js';
import type { TopicNames } from './topic.names.js';

/** Bytes of one batch. An event is at most a few MiB: a long statement, a set of policies. */
export const maxBatchBytes = 8 * 1024 * 1024;
const commandRetention = 24 * 3600;
/** A busy broker may take a second to hear of a topic that the controller has just made. */
const tries = 10;

/** Makes the topics that are not there. Throws CONFIG_INVALID where one that is there can't serve as what is configured. */
export async function ensureTopics(admin: Admin, names: TopicNames, settings: TopicSettings): Promise<void> {
  for (let failures = 0; ;) {
    try {
      return await makeOrCheck(admin, names, settings);
    } catch (error) {
      if (!isUnheardOf(error) || ++failures === tries) throw error;
      await pause(50 * failures);
    }
  }
}

function isUnheardOf(error: unknown): boolean {
  return rootOf(error).type.includes('UNKNOWN_TOPIC_OR_PARTITION');
}

async function makeOrCheck(admin: Admin, names: TopicNames, settings: TopicSettings): Promise<void> {
  if (settings.minInSync > settings.replication)
    throw new AppError('CONFIG_INVALID', 'eventLog.minInSync is more than eventLog.replication');
  const wanted = Object.values(topics).map((topic) => topicOf(topic, names, settings));
  const present = new Set(await admin.listTopics());
  const missing = wanted.filter(({ topic }) => !present.has(topic));
  // False: another process made one meanwhile. It is then checked like any other.
  if (missing.length > 0) await admin.createTopics({ topics: missing, waitForLeaders: true });
  const old = wanted.filter(({ topic }) => present.has(topic));
  if (old.length > 0) await checkTopics(admin, old);
}

function topicOf(topic: Topic, names: TopicNames, settings: TopicSettings): ITopicConfig {
  const config = {
    // Folds compare append times: they must be one clock's, the broker's.
    'message.timestamp.type': 'LogAppendTime',
    // They hold deltas: compaction would drop some.
    'cleanup.policy': 'delete',
    'retention.ms': String(retentionOf(topic, settings)),
    'retention.bytes': '-1',
    'min.insync.replicas': String(settings.minInSync),
    'max.message.bytes': String(maxBatchBytes),
    'unclean.leader.election.enable': 'false',
    // What a broker compresses anew, by a codec of its own, our readers could not read.
    'compression.type': 'producer',
  };
  return {
    topic: names.of(topic),
    numPartitions: topic === topics.session ? settings.partitions : 1,
    replicationFactor: settings.replication,
    configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
  };
}

/** Milliseconds; -1: for ever. Control topics are the only place where their state stands. */
function retentionOf(topic: Topic, { retention }: TopicSettings): number {
  if (topic === topics.session) return retention * 1000;
  return topic === topics.command ? commandRetention * 1000 : -1;
}

async function checkTopics(admin: Admin, wanted: readonly ITopicConfig[]): Promise<void> {
  const { topics: found } = await admin.fetchTopicMetadata({ topics: wanted.map(({ topic }) => topic) });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: wanted.map(({ topic: name }) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  const problems = wanted.flatMap((each) => {
    const partitions = found.find(({ name }) => name === each.topic)?.partitions.length ?? 0;
    const entries = resources.find(({ resourceName }) => resourceName === each.topic)?.configEntries ?? [];
    const config = new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
    return [...partitionProblem(each, partitions), ...configProblems(each, config)];
  });
  if (problems.length > 0) throw new AppError('CONFIG_INVALID', problems.join('\n'));
}

function partitionProblem({ topic, numPartitions = 1 }: ITopicConfig, partitions: number): string[] {
  if (partitions === numPartitions) return [];
  const has = `topic ${topic} has ${partitions} partition${partitions === 1 ? '' : 's'}`;
  if (numPartitions === 1)
    return [`${has} and must have 1, or its readers would not agree on an order: make it anew`];
  return [
    `${has}, eventLog.partitions says ${numPartitions}: set eventLog.partitions to ${partitions}. ` +
      'Partitions are not added to a topic in use: its sessions would change places',
  ];
}

function configProblems(
  { topic, configEntries = [] }: ITopicConfig,
  found: ReadonlyMap<string, string>,
): string[] {
  const wanted = new Map(configEntries.map(({ name, value }) => [name, value]));
  const wrong = Object.entries(serves).filter(([name, isServed]) => {
    const value = found.get(name);
    return value !== undefined && !isServed(value, wanted.get(name) ?? '');
  });
  return wrong.map(
    ([name]) =>
      `topic ${topic} has ${name}=${found.get(name)}, not ${wanted.get(name)}: ` +
      `kafka-configs.sh --alter --entity-type topics --entity-name ${topic} --add-config ${name}=${wanted.get(name)}`,
  );
}

type Serves = (found: string, wanted: string) => boolean;

/** What must hold of a topic that somebody else made or changed; a stricter value is as good. */
const serves: Readonly<Record<string, Serves>> = {
  'message.timestamp.type': (found, wanted) => found === wanted,
  'cleanup.policy': (found, wanted) => found === wanted,
  'retention.ms': (found, wanted) => found === wanted || (wanted !== '-1' && found === '-1'),
  'retention.bytes': (found, wanted) => found === wanted,
  'min.insync.replicas': (found, wanted) => Number(found) >= Number(wanted),
  'max.message.bytes': (found, wanted) => Number(found) >= Number(wanted),
  'unclean.leader.election.enable': (found, wanted) => found === wanted,
  'compression.type': (found, wanted) => found === wanted,
};
