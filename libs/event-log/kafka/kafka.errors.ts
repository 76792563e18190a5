import { AppError, isAppError } from '#kernel';

/** Any failure of Kafka's, told to an operator: what can't be done, why, and what to do. */
export function kafkaError(error: unknown, what: string, brokers: readonly string[] = []): AppError {
  if (isAppError(error)) return error;
  const root = rootOf(error);
  const known = knownCauses.find(({ matches }) => matches.test(`${root.name} ${root.type} ${root.message}`));
  const at = brokers.length > 0 ? ` (${brokers.join(', ')})` : '';
  return new AppError('LOG_UNAVAILABLE', `${what}: ${known?.says ?? root.message}${at}`, {
    cause: error,
    hint: known?.hint ?? 'see the log of the Kafka brokers',
  });
}

interface Cause {
  readonly matches: RegExp;
  readonly says?: string;
  readonly hint: string;
}

const knownCauses: readonly Cause[] = [
  {
    matches: /SASLAuthentication|SASL_AUTHENTICATION_FAILED/,
    says: 'Kafka does not accept the user or the password',
    hint: 'check eventLog.sasl: mechanism, user and password',
  },
  {
    matches: /UNSUPPORTED_SASL_MECHANISM|mechanism is not supported by the server/i,
    says: 'Kafka does not offer this SASL mechanism',
    hint: 'set eventLog.sasl.mechanism to one that the listener has enabled',
  },
  {
    matches: /AUTHORIZATION_FAILED/,
    hint: 'grant this user Create, Describe, DescribeConfigs, Read and Write on topics weir.* and Read on groups weir.*',
  },
  {
    matches: /certificate|altname|CERT_|SELF_SIGNED|UNABLE_TO_VERIFY|unable to get/i,
    hint: 'give the authority that signed the brokers’ certificates as eventLog.tls.ca',
  },
  {
    matches:
      /wrong version number|EPROTO|packet length|ssl3|socket disconnected before secure TLS|invalid response size/i,
    hint: 'one side speaks TLS and the other does not: eventLog.tls and the port must fit together',
  },
  {
    matches:
      /Closed connection|ECONNRESET|Connection (error|timeout)|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ETIMEDOUT/i,
    hint: 'is Kafka running, and do eventLog.brokers name it? A listener with TLS or SASL closes what speaks without',
  },
  {
    matches: /NOT_ENOUGH_REPLICAS/,
    hint: 'fewer brokers are up than eventLog.minInSync demands',
  },
  {
    matches: /INVALID_REPLICATION_FACTOR/,
    hint: 'eventLog.replication is more than there are brokers',
  },
];

interface Root {
  readonly name: string;
  readonly message: string;
  readonly type: string;
}

/** The innermost error: kafkajs wraps what it gave up on. */
export function rootOf(error: unknown): Root {
  let current = error;
  for (let next = innerOf(current); next !== undefined; next = innerOf(current)) current = next;
  const {
    name = 'Error',
    message = String(current),
    type = '',
    code = '',
  } = (current ?? {}) as Record<string, string>;
  return { name, message: message.replace(/^Connection error: /, ''), type: `${type} ${code}` };
}

function innerOf(error: unknown): unknown {
  const { cause, originalError, errors } = (error ?? {}) as Record<string, unknown>;
  return cause ?? originalError ?? (Array.isArray(errors) ? (errors[0] as unknown) : undefined);
}
