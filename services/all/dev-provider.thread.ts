import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { devProviderPath, planDevProvider, type Mount, type WeirConfig } from '#platform';
import { openDevProvider } from '../identity/index.js';
import { forward } from './forward.js';

/**
 * Runs the development provider in a thread of its own. Its library uses AsyncLocalStorage, and on Node 20 and 22
 * the first use of that turns on async hooks for its whole thread: in the gate's, each socket write would pay.
 */
export async function startDevProvider(config: WeirConfig): Promise<Mount[]> {
  if (!planDevProvider(config).start) {
    await openDevProvider(config); // it says why it is not started
    return [];
  }
  const socketPath = join(config.dataDir, 'dev-idp.sock');
  const worker = new Worker(new URL('./dev-provider.worker.js', import.meta.url), {
    workerData: { config, socketPath },
  });
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve());
    worker.once('error', reject);
  });
  worker.unref();
  return forward([devProviderPath], socketPath);
}
