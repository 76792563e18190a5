import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  encodeEnvelope,
  FindingRaisedSchema,
  FindingTriagedSchema,
  newEvent,
  QuarantineLiftedSchema,
  QuarantineSetSchema,
  topics,
  type Envelope,
} from '#events';
import type { LoggedEvent } from '#event-log';
import { ManualClock } from '#kernel';

/* Events of weir.finding.v1 for specs. */

type Raised = MessageInitShape<typeof FindingRaisedSchema>;

export const hour = 3_600_000;
export const bot = 'corp:bot';
const security = { id: 'corp:sec', kind: 'person' };
const clock = new ManualClock();
/** Where the specimens' windows begin, milliseconds. */
export const noon = clock.now() + 12 * hour;

let offset = 0;

/** `at`: when the log took it. */
export function logged(envelope: Envelope, at = noon, partition = 0): LoggedEvent {
  const position = { topic: topics.finding, partition, offset: offset++ };
  return { position, appendedAt: at, envelope, raw: encodeEnvelope(envelope) };
}

const origin = (subject: string, id?: string) => ({
  ...{ source: 'spec', subject, clock },
  ...(id === undefined ? {} : { id }),
});

/** `from`, `hours`: its window; milliseconds, hours. `risky`: for how many hours after it. */
export function raised(
  findingId: string,
  init: Raised & { from?: number; hours?: number; risky?: number } = {},
): Envelope {
  const { from = noon - hour, hours = 1, risky = 24, ...more } = init;
  const end = from + hours * hour;
  const said: Raised = {
    ...{ findingId, detector: 'bulk-read', version: 'v1', title: 'More rows than ever', severity: 'high' },
    ...{ technique: 'T1530', identity: bot, evidence: 'read 48,210 rows', risk: 'high' },
    windowStartUs: BigInt(from) * 1000n,
    windowEndUs: BigInt(end) * 1000n,
    riskUntilUs: BigInt(end + risky * hour) * 1000n,
    ...more,
  };
  return newEvent(FindingRaisedSchema, said, origin(said.identity || '-'));
}

export function triaged(findingId: string, state: string, identity = bot, id?: string): Envelope {
  const said = { findingId, state, reason: 'seen', by: security };
  return newEvent(FindingTriagedSchema, said, origin(identity, id));
}

export function quarantined(level: string, reason = 'odd', identity = bot, by = security): Envelope {
  const said = { identity, level, reason, ...(by.id === '' ? {} : { by }) };
  return newEvent(QuarantineSetSchema, said, origin(identity));
}

/** Set by a rule on account of its finding. */
export function ruled(level: string, findingId: string): Envelope {
  return newEvent(QuarantineSetSchema, { identity: bot, level, reason: 'a rule', findingId }, origin(bot));
}

export function lifted(identity = bot): Envelope {
  return newEvent(QuarantineLiftedSchema, { identity, reason: 'sorted out', by: security }, origin(identity));
}

/** The same payload under another key. */
export function under(subject: string, envelope: Envelope): Envelope {
  return { ...envelope, subject };
}
