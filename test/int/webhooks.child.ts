// A gate with webhooks, on a log of its own making, until it is killed.
//   node webhooks.child.js <folder> <instance> <weir.yaml's text> [milliseconds that its clock is ahead]
import 'reflect-metadata';
import { join } from 'node:path';
import { openEmbeddedLog } from '#event-log';
import { NotifyModule } from '../../services/notify/index.js';
import { openHouse, specConfig } from './approval.house.js';

const [folder, instance, yaml, ahead = '0'] = process.argv.slice(2);
if (!folder || !instance || !yaml) throw new Error('usage: webhooks.child.js <folder> <instance> <yaml>');

const clock = { now: () => Date.now() + Number(ahead) };
const log = openEmbeddedLog({ path: join(folder, 'log'), clock });
const config = specConfig(folder, yaml);
await openHouse({ module: NotifyModule, log, clock, people: [], config, instance });
process.stdout.write('up\n');
