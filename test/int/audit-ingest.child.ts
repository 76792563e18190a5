// A process that carries a log into an audit store until it is killed, and says each batch on standard output.
//   node audit-ingest.child.js <log path> <store path>
import { connectAuditStore, migrateAuditStore } from '#audit-store';
import { openEmbeddedLog } from '#event-log';
import { Ingest } from '../../services/audit/ingest/ingest.js';

const [logPath, storePath] = process.argv.slice(2);
if (!logPath || !storePath) throw new Error('usage: audit-ingest.child.js <log path> <store path>');

const client = connectAuditStore({ kind: 'embedded', path: storePath });
await migrateAuditStore(client);
process.stdout.write('open\n');
const ingest = new Ingest({
  log: openEmbeddedLog({ path: logPath }),
  client,
  batchSize: 1000,
  interval: 5,
  onBatch: ({ topic, position, rows, duplicates, deadLetters }) =>
    process.stdout.write(`${topic} ${position.offset} ${rows} ${duplicates} ${deadLetters}\n`),
  onError: (error) => console.error(error),
});
await ingest.start();
