import { fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KeptProcess } from '#platform';

/** Where the gate finds the audit process; it listens there by the same name. */
export const auditSocket = (dataDir: string): string => join(dataDir, 'audit.sock');

/**
 * The audit process, kept running. It alone opens the audit store: chDB blocks its process on large inserts, and its
 * death must end no session. Events wait in the log until it is back.
 */
export function auditChild(env: NodeJS.ProcessEnv): KeptProcess {
  const main = fileURLToPath(new URL('../audit/main.js', import.meta.url));
  return new KeptProcess('audit', () =>
    fork(main, {
      // chDB's queries hold threads of libuv's pool: name look-ups and key fetches must not wait for them.
      env: { ...env, UV_THREADPOOL_SIZE: '16' },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    }),
  );
}
