// A process that appends to an embedded log until it is killed, and says on standard output what was resolved.
//   node log-writer.child.js <path> <writer>
import { openEmbeddedLog } from '#event-log';
import { writeForever } from './log-writer.forever.js';

const [path, writer] = process.argv.slice(2);
if (!path || !writer) throw new Error('usage: log-writer.child.js <path> <writer>');

await writeForever(openEmbeddedLog({ path }), writer);
