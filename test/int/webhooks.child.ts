// A gate with webhooks, on a log of its own making, until it is killed.
//   node webhooks.child.js <folder> <instance> <weir.yaml's text>
import 'reflect-metadata';
import { join } from 'node:path';
import { openEmbeddedLog } from '#event-log';
import { systemClock } from '#kernel';
import { NotifyModule } from '../../services/notify/index.js';
import { openHouse, specConfig } from './approval.house.js';

const [folder, instance, yaml] = process.argv.slice(2);
if (!folder || !instance || !yaml) throw new Error('usage: webhooks.child.js <folder> <instance> <yaml>');

const log = openEmbeddedLog({ path: join(folder, 'log') });
const config = specConfig(folder, yaml);
await openHouse({ module: NotifyModule, log, clock: systemClock, people: [], config, instance });
process.stdout.write('up\n');
