// A process that appends to an embedded log until it is killed, and says on standard output what was resolved.
//   node log-writer.child.js <path> <writer>
import { encodeEnvelope, newEvent, SessionEndedSchema, topics } from '#events';
import { openEmbeddedLog } from '#event-log';
import { systemClock } from '#kernel';

const [path, writer] = process.argv.slice(2);
if (!path || !writer) throw new Error('usage: log-writer.child.js <path> <writer>');

const log = openEmbeddedLog({ path });
const origin = { source: 'test', subject: writer, clock: systemClock };
const eventOf = (n: number) =>
  encodeEnvelope(
    newEvent(
      SessionEndedSchema,
      { sessionId: writer, statements: BigInt(n) },
      { ...origin, id: `${writer}-${n}` },
    ),
  );

for (let n = 1; ; n += 5) {
  const ids = [n, n + 1, n + 2, n + 3, n + 4];
  await log.append(topics.session, ids.map(eventOf));
  process.stdout.write(ids.map((id) => `${writer}-${id}\n`).join(''));
}
