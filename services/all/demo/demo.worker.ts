import { createServer, type AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { demoRole, demoStatements } from './demo.seed.js';
import { DemoClient } from './demo.client.js';
import { Turns } from './demo.turns.js';

// The thread of the demo database: PGlite runs PostgreSQL synchronously, so it must not run in the gate's own.
const { password } = workerData as { password: string };
const database = await PGlite.create();
for (const statement of demoStatements()) await database.exec(statement);
await database.exec(`SET SESSION AUTHORIZATION ${demoRole}`);
const turns = new Turns(database);
const server = createServer({ noDelay: true }, (socket) => new DemoClient(socket, password, turns));
server.listen(0, '127.0.0.1', () =>
  parentPort!.postMessage({ port: (server.address() as AddressInfo).port }),
);
