import { isAppError } from '#kernel';
import { configInvalid } from './config.load.js';
import type { WeirConfig } from './config.schema.js';

type Listener = keyof WeirConfig['listen'];

/**
 * What a listener's address met, as CONFIG_INVALID with file, line, key and what to do; any other error comes back as it is.
 * Takes Node's own error, or an AppError that has it as its cause.
 */
export function listenFailure(config: WeirConfig, name: Listener, error: unknown): unknown {
  const { code, syscall } = Object(isAppError(error) ? error.cause : error) as NodeJS.ErrnoException;
  if (syscall !== 'listen' && syscall !== 'getaddrinfo') return error;
  const message = `${config.listen[name]} ${(code && reasons[code]) ?? `cannot be listened on (${code})`}`;
  return configInvalid(config, [{ path: ['listen', name], message }]);
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another process; stop that one, or name another port here',
  EACCES: 'is not for this user to listen on; name a port above 1023 here',
  EADDRNOTAVAIL: 'is no address of this machine; name one that is, such as 127.0.0.1 or 0.0.0.0',
  ENOTFOUND: 'has a host that nobody knows; name an address of this machine, such as 127.0.0.1 or 0.0.0.0',
};
