export * from './decider.js';
export * from './port.js';
export { openEmbeddedLog, type EmbeddedLogOptions } from './embedded/embedded.log.js';
export { openKafkaLog } from './kafka/kafka.log.js';
export {
  defaultTopicSettings,
  type KafkaLogOptions,
  type KafkaSasl,
  type KafkaTls,
  type TopicSettings,
} from './kafka/kafka.options.js';
export { type HandlerFailure } from './persist.js';
