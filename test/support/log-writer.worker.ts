// A member of a work group that takes a batch and never finishes it.
//   node log-writer.worker.js <path> <group>
import { topics } from '#events';
import { openEmbeddedLog } from '#event-log';

const [path, group] = process.argv.slice(2);
if (!path || !group) throw new Error('usage: log-writer.worker.js <path> <group>');

openEmbeddedLog({ path }).work({ topic: topics.session, group }, (batch) => {
  process.stdout.write(`holds ${batch.length}\n`);
  return new Promise(() => {});
});
