import kafkajs, { type Kafka, type KafkaConfig, type SASLOptions } from 'kafkajs';
import { installConnection } from './kafkajs.connection.js';
import { installRecordEncoder } from './kafkajs.record.js';
import { installSnappy } from './snappy.codec.js';
import type { KafkaLogOptions, KafkaSasl, KafkaTls } from './kafka.options.js';

/** kafkajs tries again by itself, with pauses from 100 ms to 1 s: some three seconds, enough for a new leader. */
export const retry = { initialRetryTime: 100, maxRetryTime: 1000, retries: 5, factor: 0.2, multiplier: 2 };

installConnection();
installRecordEncoder();
installSnappy();

/** `tries`: of a connection, one after the other. */
export function createClient(options: KafkaLogOptions, tries = retry.retries): Kafka {
  const { brokers, clientId = 'weirkeeper', tls, sasl } = options;
  const config: KafkaConfig = {
    clientId,
    brokers: [...brokers],
    connectionTimeout: 3000,
    authenticationTimeout: 5000,
    requestTimeout: 10_000,
    enforceRequestTimeout: true,
    retry: { ...retry, retries: tries },
    // What goes wrong is thrown to us; its own lines would say it a second time, each retry anew.
    logLevel: kafkajs.logLevel.NOTHING,
    ...(tls && { ssl: sslOf(tls) }),
    ...(sasl && { sasl: saslOf(sasl) }),
  };
  return new kafkajs.Kafka(config);
}

function sslOf({ ca, cert, key }: KafkaTls) {
  return { ...(ca && { ca: [ca] }), ...(cert && { cert }), ...(key && { key }) };
}

function saslOf({ mechanism, user: username, password }: KafkaSasl): SASLOptions {
  return { mechanism, username, password };
}
