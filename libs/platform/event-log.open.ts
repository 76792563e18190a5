import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { openEmbeddedLog, openKafkaLog, type EventLog, type KafkaLogOptions } from '#event-log';
import { configInvalid } from './config.load.js';
import type { WeirConfig } from './config.schema.js';
import { measured } from './event-log.measured.js';
import { resolveSecret } from './config.secret.js';

/**
 * The event log that the configuration names; nothing else asks which it is. CONFIG_INVALID for a secret, file or topic
 * that is not as it must be, LOG_UNAVAILABLE where Kafka can't be reached or refuses.
 */
export async function openEventLog(config: WeirConfig): Promise<EventLog> {
  return measured(await openLog(config));
}

async function openLog(config: WeirConfig): Promise<EventLog> {
  if (config.eventLog.kind === 'embedded') return openEmbeddedLog({ path: join(config.dataDir, 'log') });
  return openKafkaLog(kafkaOptions(config));
}

function kafkaOptions(config: WeirConfig): KafkaLogOptions {
  const { brokers, clientId, prefix, tls, sasl, compression, partitions, replication, minInSync, retention } =
    config.eventLog;
  return {
    ...{ brokers, clientId, prefix, compression, topics: { partitions, replication, minInSync, retention } },
    ...(tls && {
      tls: {
        ...(tls.ca && { ca: pem(config, 'ca', tls.ca) }),
        ...(tls.cert && { cert: pem(config, 'cert', tls.cert) }),
        ...(tls.key && { key: pem(config, 'key', tls.key) }),
      },
    }),
    ...(sasl && { sasl: { ...sasl, password: passwordOf(config, sasl.password) } }),
  };
}

function passwordOf(config: WeirConfig, reference: string): string {
  try {
    return resolveSecret(reference, config.file);
  } catch (error) {
    const path = ['eventLog', 'sasl', 'password'];
    throw configInvalid(config, [{ path, message: (error as Error).message }]);
  }
}

function pem(config: WeirConfig, key: string, path: string): string {
  const file = resolve(dirname(config.file), path.replace(/^file:/, ''));
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw configInvalid(config, [{ path: ['eventLog', 'tls', key], message: `${file} cannot be read` }]);
  }
}
