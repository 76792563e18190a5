import { createServer } from 'node:http';
import { rmSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
// Not by the service's index: that brings its whole application with it, to be loaded once more in this thread.
import { createProvider } from '../identity/dev-provider/provider.js';
import type { ProviderPlan } from '../identity/dev-provider/provider.plan.js';

const { plan, socketPath } = workerData as { plan: ProviderPlan; socketPath: string };
const handle = await createProvider(plan, (error) => parentPort!.postMessage(error));
rmSync(socketPath, { force: true });
createServer(handle).listen(socketPath, () => parentPort!.postMessage('ready'));
