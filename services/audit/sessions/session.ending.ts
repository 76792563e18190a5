import { Inject, Injectable } from '@nestjs/common';
import { eventIdFor, formatPosition, toWirePrincipal } from '#domain';
import type { EventLog, Position } from '#event-log';
import { encodeEnvelope, EndSessionSchema, newEvent, topics } from '#events';
import { AppError, isAppError, type Clock, type Principal } from '#kernel';
import { CLOCK, EVENT_LOG, INSTANCE } from '#platform';
import { IngestService } from '../ingest/ingest.service.js';
import type { SessionItem } from './session.item.js';
import { SessionReads } from './session.reads.js';

export interface EndRequest {
  readonly reason: string;
  readonly by: Principal;
  readonly idempotencyKey?: string | undefined;
}

/** Asks whichever proxy owns a session to end it; what became of that is the session's own last event. */
@Injectable()
export class SessionEnding {
  readonly #reads: SessionReads;
  readonly #ingest: IngestService;
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #instance: string;

  constructor(
    @Inject(SessionReads) reads: SessionReads,
    @Inject(IngestService) ingest: IngestService,
    @Inject(EVENT_LOG) log: EventLog,
    @Inject(CLOCK) clock: Clock,
    @Inject(INSTANCE) instance: string,
  ) {
    this.#reads = reads;
    this.#ingest = ingest;
    this.#log = log;
    this.#clock = clock;
    this.#instance = instance;
  }

  /** Throws NOT_FOUND; CONFLICT for one that has ended. */
  async end(id: string, { reason, by, idempotencyKey }: EndRequest): Promise<{ id: string; at: Position }> {
    const { endedAt } = await this.#find(id);
    if (endedAt !== null) throw new AppError('CONFLICT', `session ${id} ended at ${endedAt}`);
    const eventId = eventIdFor(idempotencyKey, ['end session', id, by.id], this.#clock.now());
    const origin = { source: `audit/${this.#instance}`, subject: id, clock: this.#clock, id: eventId };
    const event = newEvent(EndSessionSchema, { sessionId: id, reason, by: toWirePrincipal(by) }, origin);
    const [at] = await this.#log.append(topics.command, [encodeEnvelope(event)]);
    if (!at) throw new AppError('LOG_UNAVAILABLE', 'the log gave no position for the command');
    return { id: eventId, at };
  }

  /** A session that has just begun may stand in the log and not yet in the store. */
  async #find(id: string): Promise<SessionItem> {
    try {
      return await this.#reads.get(id);
    } catch (error) {
      if (!isAppError(error, 'NOT_FOUND')) throw error;
      await this.#catchUp();
      return this.#reads.get(id);
    }
  }

  async #catchUp(): Promise<void> {
    for (const end of await this.#log.end(topics.session))
      await this.#ingest.readFrom(formatPosition(end)).catch((error: unknown) => {
        if (!isAppError(error, 'TIMEOUT')) throw error;
      });
  }
}
