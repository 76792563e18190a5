import type { Principal } from '#kernel';

/** `context.risk` of policies, the mildest first. */
export const risks = ['none', 'watch', 'high'] as const;
export type Risk = (typeof risks)[number];

/** The mildest first; each is at least a risk of `watch`. */
export const quarantineLevels = ['watch', 'approve', 'nothing_sensitive', 'blocked'] as const;
export type QuarantineLevel = (typeof quarantineLevels)[number];

export const findingStates = ['open', 'acknowledged', 'false_alarm'] as const;
export type FindingState = (typeof findingStates)[number];

export const severities = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];

/** Findings of one identity belong to one incident while no more than this lies between their windows. Milliseconds. */
export const incidentGapMs = 6 * 3_600_000;

/** What a finding says that folds go by; all of it is in the record. Times: milliseconds since the epoch. */
export interface Finding {
  readonly id: string;
  readonly detector: string;
  readonly title: string;
  readonly severity: Severity;
  readonly identity: string;
  readonly onBehalfOf: string;
  readonly connection: string;
  readonly subject: string;
  readonly evidence: string;
  readonly windowStart: number;
  readonly windowEnd: number;
  readonly risk: Risk;
  readonly riskUntil: number;
  /** Undefined: the rule sets none. */
  readonly quarantine: QuarantineLevel | undefined;
  /** When the log took it. */
  readonly raisedAt: number;
  readonly state: FindingState;
}

/** A quarantine as it stands. */
export interface Quarantine {
  readonly identity: string;
  readonly level: QuarantineLevel;
  /** As whoever set it gave it; of a rule, its finding's title. */
  readonly reason: string;
  /** The id of the person, or `rule <detector>`. */
  readonly by: string;
  /** Where a rule set it, or a person on account of a finding; or empty. */
  readonly findingId: string;
  /** When the log took it, milliseconds. */
  readonly since: number;
  readonly eventId: string;
}

/** How the gate treats a principal now. */
export interface Standing {
  readonly risk: Risk;
  readonly quarantine: Quarantine | undefined;
}

/** Of whom nothing is known. */
export const calm: Standing = { risk: 'none', quarantine: undefined };

/** Whom findings are about: the agent itself and the person in whose name it acts; the worse of the two counts. */
export type Suspect = Pick<Principal, 'id' | 'onBehalfOf'>;

export function worseRisk(a: Risk, b: Risk): Risk {
  return risks.indexOf(a) < risks.indexOf(b) ? b : a;
}

/** The stricter of two; of equals the first. */
export function stricter<Q extends Pick<Quarantine, 'level'>>(
  a: Q | undefined,
  b: Q | undefined,
): Q | undefined {
  if (!a || !b) return a ?? b;
  return quarantineLevels.indexOf(b.level) > quarantineLevels.indexOf(a.level) ? b : a;
}
