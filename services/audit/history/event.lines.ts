import { create, fromJson, toBinary, type JsonValue } from '@bufbuild/protobuf';
import { z } from 'zod';
import { eventSchema } from '#audit-rows';
import { EnvelopeSchema, mostEventBytes, topics, type Topic } from '#events';
import type { HistoryEvent } from './history.event.js';
import type { OnMalformed } from './left-out.js';
import type { TextLine } from './text.lines.js';

const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/, {
    error: 'expected RFC 3339, UTC, to microseconds',
    abort: true,
  })
  // The store's hours are seconds since 1970 in 32 bits.
  .refine((text) => text >= '1971' && text < '2100', 'expected a year from 1971 to 2099');
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
  lines: AsyncIterable<TextLine>,
  onMalformed: OnMalformed,
): AsyncGenerator<HistoryEvent> {
  for await (const { number, text, problem } of lines) {
    if (problem !== undefined) onMalformed(number, problem);
    else if (text.trim() !== '') {
      const event = eventOr(text, (reason) => onMalformed(number, reason));
      if (event) yield event;
    }
  }
}

function eventOr(text: string, onMalformed: (reason: string) => void): HistoryEvent | undefined {
  try {
    return eventOfLine(text);
  } catch (error) {
    onMalformed(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** Throws an Error that says what is wrong with it. */
function eventOfLine(text: string): HistoryEvent {
  const parsed = shape.safeParse(JSON.parse(text));
  if (parsed.success) return eventOf(parsed.data);
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'line'}: ${message}`);
  throw new Error(problems.join('; '));
}

function eventOf({ topic, type, data, seq, loggedAt, ...line }: z.infer<typeof shape>): HistoryEvent {
  const schema = eventSchema(type);
  const timeUs = microseconds(line.time);
  const bytes = toBinary(schema, fromJson(schema, data as JsonValue));
  if (bytes.length > mostEventBytes) throw new Error(`data: more than ${mostEventBytes} bytes`);
  const envelope = create(EnvelopeSchema, {
    ...{ id: line.id, type, source: line.source, subject: line.subject, timeUs, data: bytes },
    ...(seq !== undefined && { link: { seq: BigInt(seq) } }),
  });
  return { topic, envelope, loggedAt: Number(microseconds(loggedAt ?? line.time) / 1000n) };
}

/** Throws a RangeError for a day that no calendar has. */
function microseconds(text: string): bigint {
  const [seconds = '', fraction = ''] = text.slice(0, -1).split('.');
  const at = Date.parse(`${seconds}Z`);
  // February 30 is March 2 to Date.
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 19) !== seconds)
    throw new RangeError(`${text} is no time that there is`);
  return BigInt(at) * 1000n + BigInt(fraction.padEnd(6, '0'));
}
