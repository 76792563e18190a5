import { createServer } from 'node:http';
import { rmSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { WeirConfig } from '#platform';
import { openDevProvider } from '../identity/index.js';

const { config, socketPath } = workerData as { config: WeirConfig; socketPath: string };
const mount = await openDevProvider(config);
rmSync(socketPath, { force: true });
createServer(mount?.handle).listen(socketPath, () => parentPort!.postMessage('ready'));
