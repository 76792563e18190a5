import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import { newId, type Clock } from '#kernel';
import { EnvelopeSchema, type Envelope } from './gen/weir/events/v1/envelope_pb.js';

/**
 * Encoded bytes that one event of a session has at most, well below what the log takes at once (8 MiB): what were larger
 * could never be shipped, nor anything behind it. Who writes one bounds what goes into it; the journal takes no larger one.
 */
export const mostEventBytes = 2 * 1024 * 1024;

/** An envelope's exact bytes: what is stored, chained and, in the end, proved. */
export type EncodedEnvelope = Uint8Array;

export interface EventOrigin {
  /** CloudEvents `source`: `proxy/<instance>`, `approval`, … */
  source: string;
  /** The topic's key. */
  subject: string;
  clock: Clock;
  /** Given for a retry (Idempotency-Key): the same id again is the same event. */
  id?: string;
}

/** Wraps a payload: `newEvent(ApprovalDecidedSchema, { approvalId, … }, origin)`. */
export function newEvent<T extends DescMessage>(
  schema: T,
  init: MessageInitShape<T>,
  origin: EventOrigin,
): Envelope {
  return create(EnvelopeSchema, {
    id: origin.id ?? newId('evt', origin.clock.now()),
    type: schema.typeName,
    source: origin.source,
    subject: origin.subject,
    timeUs: BigInt(origin.clock.now()) * 1000n,
    data: toBinary(schema, create(schema, init)),
  });
}

/** The payload if the envelope holds one of `schema`, else undefined. Throws if its bytes do not decode. */
export function payload<T extends DescMessage>(schema: T, envelope: Envelope): MessageShape<T> | undefined {
  return envelope.type === schema.typeName ? fromBinary(schema, envelope.data) : undefined;
}

export function encodeEnvelope(envelope: Envelope): EncodedEnvelope {
  return toBinary(EnvelopeSchema, envelope);
}

/** Throws if the bytes are not an envelope. */
export function decodeEnvelope(raw: EncodedEnvelope): Envelope {
  return fromBinary(EnvelopeSchema, raw);
}
