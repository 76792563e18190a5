import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Mount, WeirConfig } from '#platform';
import { devProviderPlan, logDevProvider } from '../identity/index.js';
import { forward } from './forward.js';

/**
 * Runs the development provider in a thread of its own. Its library uses AsyncLocalStorage, and on Node 20 and 22
 * the first use of that turns on async hooks for its whole thread: in the gate's, each socket write would pay.
 */
export async function startDevProvider(config: WeirConfig): Promise<Mount[]> {
  const plan = await devProviderPlan(config);
  if (!plan) return [];
  // A name of its own: a second start on this state directory is refused, but only after this.
  const socketPath = join(config.dataDir, `dev-idp.${process.pid}.sock`);
  process.once('exit', () => rmSync(socketPath, { force: true }));
  const worker = new Worker(new URL('./dev-provider.worker.js', import.meta.url), {
    workerData: { plan, socketPath },
  });
  await new Promise<void>((resolve, reject) => {
    worker.on('message', (message: unknown) => {
      if (message instanceof Error) logDevProvider(message);
      else resolve();
    });
    worker.once('error', reject);
  });
  worker.unref();
  return forward([plan.path], socketPath);
}
