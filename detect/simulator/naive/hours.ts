import {
  payload,
  SessionEndedSchema,
  SessionStartedSchema,
  StatementOutcomeSchema,
  type Envelope,
} from '#events';
import { hour } from '../calendar.js';
import type { SimulatedEvent } from '../model.js';

/** Rows that an identity read in an hour of the clock; hours without a row are left out. */
export interface IdentityHour {
  readonly identity: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly rows: number;
}

/** What the two baselines see of all that happened, in order of time. */
export function* identityHours(events: Iterable<SimulatedEvent>): Generator<IdentityHour> {
  const identities = new Map<string, string>();
  let open = new Map<string, number>();
  let at = 0;
  for (const { envelope } of events) {
    const now = Math.floor(Number(envelope.timeUs / 1000n) / hour) * hour;
    if (now !== at) {
      yield* closed(open, at);
      [open, at] = [new Map(), now];
    }
    read(envelope, identities, open);
  }
  yield* closed(open, at);
}

function read(envelope: Envelope, identities: Map<string, string>, open: Map<string, number>): void {
  const started = payload(SessionStartedSchema, envelope);
  if (started) identities.set(envelope.subject, started.principal?.id ?? '');
  const rows = Number(payload(StatementOutcomeSchema, envelope)?.rows ?? 0n);
  const identity = identities.get(envelope.subject);
  if (rows > 0 && identity !== undefined) open.set(identity, (open.get(identity) ?? 0) + rows);
  if (envelope.type === SessionEndedSchema.typeName) identities.delete(envelope.subject);
}

function* closed(open: ReadonlyMap<string, number>, at: number): Generator<IdentityHour> {
  for (const [identity, rows] of open) yield { identity, at, rows };
}
