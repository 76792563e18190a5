import { encodeEnvelope, newEvent, SessionEndedSchema, topics } from '#events';
import type { EventLog } from '#event-log';
import { systemClock } from '#kernel';

/** Appends events `<writer>-1`, `<writer>-2`, … by fives, and says on standard output what was resolved. */
export async function writeForever(log: EventLog, writer: string): Promise<never> {
  const origin = { source: 'test', subject: writer, clock: systemClock };
  const eventOf = (n: number) => {
    const init = { sessionId: writer, statements: BigInt(n) };
    return encodeEnvelope(newEvent(SessionEndedSchema, init, { ...origin, id: `${writer}-${n}` }));
  };
  for (let n = 1; ; n += 5) {
    const numbers = [n, n + 1, n + 2, n + 3, n + 4];
    await log.append(topics.session, numbers.map(eventOf));
    process.stdout.write(numbers.map((id) => `${writer}-${id}\n`).join(''));
  }
}
