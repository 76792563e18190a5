import { create } from '@bufbuild/protobuf';
import { encodeEnvelope, LinkSchema, newEvent, StatementReceivedSchema, type EncodedEnvelope } from '#events';
import { systemClock } from '#kernel';

/** Statements of a session, `statement N` each, from one place in it through another; their links prove nothing. */
export function events(session: string, from: number, through: number): EncodedEnvelope[] {
  return Array.from({ length: through - from + 1 }, (_, i) => {
    const seq = from + i;
    const init = { statementId: `stm_${session}_${seq}`, text: `statement ${seq}`, decision: 'allow' };
    const origin = { source: 'proxy/test', subject: session, clock: systemClock };
    const event = newEvent(StatementReceivedSchema, init, origin);
    event.link = create(LinkSchema, { seq: BigInt(seq), hash: Buffer.alloc(32) });
    return encodeEnvelope(event);
  });
}
