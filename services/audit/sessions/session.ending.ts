import { Inject, Injectable } from '@nestjs/common';
import { eventIdFor, isRetry, toWirePrincipal, writeOf } from '#domain';
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

interface Asking {
  readonly eventId: string;
  readonly command: Promise<EndCommand>;
}

/** The command in the log. */
export interface EndCommand {
  readonly id: string;
  readonly at: Position;
}

const isSessionId = /^ses_[0-9a-z]{26}$/;

/** Asks whichever proxy owns a session to end it; what became of that is the session's own last event. */
@Injectable()
export class SessionEnding {
  readonly #reads: SessionReads;
  readonly #ingest: IngestService;
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #instance: string;
  /** By their writes: a retry may come before the first is answered. */
  readonly #asking = new Map<string, Asking>();

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

  /** Throws NOT_FOUND; CONFLICT for one that has ended; KEY_REUSED. With an Idempotency-Key said before: what that was answered. */
  async end(id: string, request: EndRequest): Promise<EndCommand> {
    const { idempotencyKey: key, by, reason } = request;
    const eventId = eventIdFor({ key, body: { reason } }, ['end session', id, by.id], this.#clock.now());
    const write = writeOf(eventId);
    const asking = this.#asking.get(write) ?? { eventId, command: this.#endOnce(id, eventId, request) };
    isRetry(eventId, asking.eventId);
    this.#asking.set(write, asking);
    return asking.command.finally(() => this.#asking.delete(write));
  }

  async #endOnce(id: string, eventId: string, request: EndRequest): Promise<EndCommand> {
    const found = await this.#find(id);
    const at = request.idempotencyKey === undefined ? undefined : await this.#placeOf(eventId);
    if (at) return { id: eventId, at };
    if (found && found.endedAt !== null)
      throw new AppError('CONFLICT', `session ${id} ended at ${found.endedAt}`);
    return this.#say(id, eventId, request);
  }

  async #say(id: string, eventId: string, { reason, by }: EndRequest): Promise<EndCommand> {
    const origin = { source: `audit/${this.#instance}`, subject: id, clock: this.#clock, id: eventId };
    const event = newEvent(EndSessionSchema, { sessionId: id, reason, by: toWirePrincipal(by) }, origin);
    const [at] = await this.#log.append(topics.command, [encodeEnvelope(event)]);
    if (!at) throw new AppError('LOG_UNAVAILABLE', 'the log gave no position for the command');
    return { id: eventId, at };
  }

  /** Undefined: it was not said before. Throws KEY_REUSED. Where the store is behind for long, it may be said twice; ending is what matters. */
  async #placeOf(eventId: string): Promise<Position | undefined> {
    await this.#ingest.caughtUp(topics.command);
    const said = await this.#reads.command(writeOf(eventId));
    return said && isRetry(eventId, said.id) ? said.at : undefined;
  }

  /**
   * A session that has just begun may stand in the log and not yet in the store. Undefined: the store is so far behind
   * that nobody knows. Such a one can be ended all the same: who floods the store must not hide in it.
   */
  async #find(id: string): Promise<SessionItem | undefined> {
    try {
      return await this.#reads.get(id);
    } catch (error) {
      if (!isAppError(error, 'NOT_FOUND')) throw error;
      const isUpToDate = await this.#ingest.caughtUp(topics.session);
      return await this.#reads.get(id).catch((missing: unknown) => {
        if (!isAppError(missing, 'NOT_FOUND') || isUpToDate || !isSessionId.test(id)) throw missing;
        return undefined;
      });
    }
  }
}
