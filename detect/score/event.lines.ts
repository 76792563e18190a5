import { create, fromJson, toBinary, type JsonValue } from '@bufbuild/protobuf';
import { z } from 'zod';
import { eventSchema } from '#audit-rows';
import { EnvelopeSchema, topics, type Topic } from '#events';
import type { SimulatedEvent } from '../simulator/index.js';

/** Told of a line, counted from 1, that is left out. */
export type OnMalformed = (line: number, reason: string) => void;

const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/, 'expected RFC 3339, UTC, to microseconds');
const shape = z
  .object({
    topic: z.enum(Object.values(topics) as [Topic, ...Topic[]]),
    type: z.string(),
    time,
    data: z.record(z.string(), z.unknown()),
    subject: z.string().min(1),
    id: z.string().min(1),
    source: z.string().default(''),
    seq: z.number().int().min(1).optional(),
    loggedAt: time.optional(),
  })
  .refine(({ topic, seq }) => topic !== topics.session || seq !== undefined, {
    path: ['seq'],
    message: `expected one on ${topics.session}`,
  });

/** The events of events.ndjson (docs/ingest-format.md), in the order of its lines; a malformed line keeps no other from loading. */
export async function* eventsOf(
  lines: AsyncIterable<string> | Iterable<string>,
  onMalformed: OnMalformed,
): AsyncGenerator<SimulatedEvent> {
  let number = 0;
  for await (const line of lines) {
    number++;
    if (line.trim() === '') continue;
    const event = eventOr(line, (reason) => onMalformed(number, reason));
    if (event) yield event;
  }
}

function eventOr(line: string, onMalformed: (reason: string) => void): SimulatedEvent | undefined {
  try {
    const parsed = shape.safeParse(JSON.parse(line));
    if (parsed.success) return eventOf(parsed.data);
    onMalformed(
      parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'line'}: ${message}`).join('; '),
    );
  } catch (error) {
    onMalformed(error instanceof Error ? error.message : String(error));
  }
  return undefined;
}

function eventOf({ topic, type, data, seq, loggedAt, ...line }: z.infer<typeof shape>): SimulatedEvent {
  const schema = eventSchema(type);
  const timeUs = microseconds(line.time);
  const envelope = create(EnvelopeSchema, {
    ...{ id: line.id, type, source: line.source, subject: line.subject, timeUs },
    data: toBinary(schema, fromJson(schema, data as JsonValue)),
    ...(seq !== undefined && { link: { seq: BigInt(seq) } }),
  });
  return { topic, envelope, loggedAt: Number(microseconds(loggedAt ?? line.time) / 1000n) };
}

/** Throws a RangeError for a day that no calendar has. */
function microseconds(text: string): bigint {
  const [seconds = '', fraction = ''] = text.slice(0, -1).split('.');
  return BigInt(Date.parse(`${seconds}Z`)) * 1000n + BigInt(fraction.padEnd(6, '0'));
}
