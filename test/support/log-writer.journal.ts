// A proxy that journals statements of one session until it is killed, and says what was committed.
//   node log-writer.journal.js <journal> <session> <segment bytes> [<log>]
import { StatementOutcomeSchema, StatementReceivedSchema, SessionStartedSchema } from '#events';
import { openEmbeddedLog } from '#event-log';
import { systemClock } from '#kernel';
import { openJournal, startShipper } from '../../services/proxy/journal/index.js';

const [dir, sessionId, segmentBytes, logPath] = process.argv.slice(2);
if (!dir || !sessionId || !segmentBytes)
  throw new Error('usage: <journal> <session> <segment bytes> [<log>]');

const journal = await openJournal({
  dir,
  mode: 'write-ahead',
  maxBytes: 256 * 1024 * 1024,
  segmentBytes: Number(segmentBytes),
  clock: systemClock,
  source: 'proxy/child',
});
if (logPath) startShipper(journal, openEmbeddedLog({ path: logPath }), { lingerMs: 1 });

const session = journal.openSession(sessionId);
session.add(SessionStartedSchema, { sessionId });
for (let n = 1; ; n++) {
  const statementId = `${sessionId}_${n}`;
  session.add(StatementReceivedSchema, { statementId, text: 'select 1', decision: 'allow' });
  void journal.commit();
  process.stdout.write(`received ${statementId}\n`);
  if (n % 3 !== 0) await new Promise((resolve) => setImmediate(resolve));
  session.add(StatementOutcomeSchema, { statementId, status: 'ok' });
  void journal.commit();
  process.stdout.write(`outcome ${statementId}\n`);
}
