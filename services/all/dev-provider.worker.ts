import { createServer } from 'node:http';
import { rmSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { WeirConfig } from '#platform';
// Not by the service's root: the rest of it need not be loaded in this thread.
import { openDevProvider } from '../identity/dev-provider/dev-provider.js';

const { config, socketPath } = workerData as { config: WeirConfig; socketPath: string };
const mount = await openDevProvider(config);
rmSync(socketPath, { force: true });
createServer(mount?.handle).listen(socketPath, () => parentPort!.postMessage('ready'));
