import { randomUUID } from 'node:crypto';
import { openKafkaLog, type EventLog, type KafkaLogOptions } from '#event-log';
import { afterAll, beforeAll, describe } from 'vitest';
import { eventLogContract, type LogUnderTest } from '../../libs/event-log/contract.js';
import { findKafka, TestKafka } from '../support/kafka.js';

const peer = await findKafka();
const quiet = () => {}; // handlers fail on purpose here

describe.skipIf(!peer)('on one Kafka broker', () => {
  let kafka: TestKafka;
  beforeAll(async () => {
    kafka = await TestKafka.start(peer!);
  }, 120_000);
  afterAll(() => kafka?.dispose());

  async function openUnderTest(): Promise<LogUnderTest> {
    const opened: EventLog[] = [];
    const options: KafkaLogOptions = {
      brokers: kafka.brokers(),
      prefix: `${randomUUID()}.`,
      topics: { partitions: 3, replication: 1, minInSync: 1 },
      onHandlerFailure: quiet,
    };
    const open = async () => {
      const log = await openKafkaLog(options);
      opened.push(log);
      return log;
    };
    return {
      log: await open(),
      reopen: open,
      dispose: async () => {
        await Promise.all(opened.map((log) => log.close()));
      },
    };
  }

  eventLogContract('kafka', openUnderTest);
});
