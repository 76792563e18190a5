import type { EventLog, LoggedEvent } from '#event-log';
import { encodeEnvelope, EventBuriedSchema, newEvent, topics, type EncodedEnvelope } from '#events';
import { systemClock } from '#kernel';

/** An event that has no row of its own, and why. */
export interface DeadLetter {
  readonly event: LoggedEvent;
  readonly reason: unknown;
}

/** Resolves once it is on the log. */
export type Announce = (letters: readonly DeadLetter[]) => Promise<void>;

/** Bytes; a larger one stands where it was, and in the table. */
const mostBytes = 1024 * 1024;

export function announceOn(log: Pick<EventLog, 'append'>): Announce {
  return async (letters) => {
    // One by one: together they might be more than a batch may have.
    for (const letter of letters) await log.append(topics.deadLetter, [buried(letter)]);
  };
}

function buried({ event, reason }: DeadLetter): EncodedEnvelope {
  const { topic, partition, offset } = event.position;
  const text = reason instanceof Error ? reason.message : String(reason);
  return encodeEnvelope(
    newEvent(
      EventBuriedSchema,
      {
        ...{ topic, partition, offset: BigInt(offset), reason: text.slice(0, 10_000) },
        raw: event.raw.length > mostBytes ? new Uint8Array() : event.raw,
      },
      {
        ...{ source: 'audit', subject: `${topic}/${partition}`, clock: systemClock },
        id: `dead-${topic}-${partition}-${offset}`,
      },
    ),
  );
}
