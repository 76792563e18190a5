import { randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { ConnectionConfig } from '#platform';
import { demoRole } from './demo.seed.js';

export interface DemoDatabase {
  /** As it is to be registered; the password is new at each start and known to the gate alone. */
  readonly connection: ConnectionConfig;
  stop(): Promise<void>;
}

/** Starts PGlite, in memory and in a thread of its own, with the demo shop in it; `folder` keeps how it begins. */
export async function startDemoDatabase(folder: string): Promise<DemoDatabase> {
  const password = randomBytes(24).toString('base64url');
  const worker = new Worker(new URL('./demo.worker.js', import.meta.url), {
    workerData: { password, folder },
  });
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', (message: { port: number }) => resolve(message.port));
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the demo database ended with ${code}`)));
  });
  worker.removeAllListeners('exit');
  worker.on('error', () => undefined);
  worker.unref();
  return {
    connection: {
      name: 'demo',
      protocol: 'postgres',
      host: '127.0.0.1',
      port,
      database: 'postgres',
      user: demoRole,
      password,
      tls: 'disable',
      owner: 'the demo shop team',
      allowPrivileged: false,
    },
    stop: async () => void (await worker.terminate()),
  };
}
