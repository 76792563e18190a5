import { createServer, type AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { openSeeded } from './demo.image.js';
import { demoRole } from './demo.seed.js';
import { DemoClient } from './demo.client.js';
import { Turns } from './demo.turns.js';

// The thread of the demo database: PGlite runs PostgreSQL synchronously, so it must not run in the gate's own.
const { password, folder } = workerData as { password: string; folder: string };
const database = await openSeeded(folder);
await database.exec(`SET SESSION AUTHORIZATION ${demoRole}`);
const turns = new Turns(database);
const server = createServer({ noDelay: true }, (socket) => new DemoClient(socket, password, turns));
server.listen(0, '127.0.0.1', () =>
  parentPort!.postMessage({ port: (server.address() as AddressInfo).port }),
);
