import { create, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { genesis, linkEnvelope, LinkSchema, newEvent, topics, type ChainHead, type Envelope } from '#events';
import type { SimulatedEvent } from '../model.js';
import type { Random } from '../random.js';

/** From a proxy's journal to the log. Milliseconds. */
export const shippingTime = 40;

/** A session's events as the proxy that owns it writes them: ids, places in the sequence and links. */
export class Chain {
  #head: ChainHead = genesis;

  constructor(
    private readonly sessionId: string,
    private readonly source: string,
    private readonly random: Random,
    /** Without: `seq` as it is, hashes empty, which takes a quarter of the time away. */
    private readonly isLinked: boolean,
  ) {}

  /** `more`: the payload's fields that are always the same, encoded; protobuf takes the two as one message. */
  event<T extends DescMessage>(
    at: number,
    schema: T,
    init: MessageInitShape<T>,
    more?: Uint8Array,
  ): SimulatedEvent {
    const { sessionId, source } = this;
    const id = `${sessionId}-${this.#head.seq + 1}`;
    const envelope = newEvent(schema, init, { source, subject: sessionId, id, clock: { now: () => at } });
    if (more) envelope.data = joined(envelope.data, more);
    this.#head = this.#link(envelope);
    return { topic: topics.session, loggedAt: at + shippingTime, envelope };
  }

  #link(envelope: Envelope): ChainHead {
    if (this.isLinked) return linkEnvelope(envelope, this.#head, this.random.bytes(16));
    const seq = this.#head.seq + 1;
    envelope.link = create(LinkSchema, { seq: BigInt(seq) });
    return { seq, hash: this.#head.hash };
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
