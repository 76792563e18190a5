import type { Quarantine, QuarantineLevel, Standing } from '#domain';
import { AppError } from '#kernel';
import type { Obligations, ResolvedAccess, Verdict } from '#policy-engine';
import type { SqlAction } from '#statement';

export interface Quarantined {
  readonly standing: Standing;
  /** A group; undefined: there is nobody to ask. */
  readonly quarantineApprovers: string | undefined;
  readonly sensitive: boolean;
  readonly accesses: readonly ResolvedAccess[];
}

const longestWaitMs = 60_000;

/** They carry no data: nobody is asked about the BEGIN, the SET and the catalog reads that each client makes. */
const harmless: ReadonlySet<SqlAction> = new Set(['sql:session', 'sql:transaction', 'sql:metadata']);
/** Nobody knows what they touch. */
const opaque: ReadonlySet<SqlAction> = new Set(['sql:code', 'sql:admin', 'sql:unknown']);

/** What policies said, made as strict as the principal's quarantine; never milder. */
export function underQuarantine(verdict: Verdict, asked: Quarantined): Verdict {
  const { quarantine } = asked.standing;
  if (!quarantine || verdict.decision === 'deny') return verdict;
  return stricter[quarantine.level](verdict, quarantine, asked);
}

type Stricter = (verdict: Verdict, quarantine: Quarantine, asked: Quarantined) => Verdict;

const stricter: Readonly<Record<QuarantineLevel, Stricter>> = {
  watch: (verdict) => verdict,
  approve: held,
  nothing_sensitive: (verdict, quarantine, { sensitive, accesses }) =>
    sensitive || accesses.some(({ action }) => opaque.has(action))
      ? refused(verdict, quarantine, 'it touches what is masked or classified, or may')
      : verdict,
  blocked: (verdict, quarantine) => refused(verdict, quarantine, 'nothing is taken'),
};

/** What a policy holds already is decided by whom that names. */
function held(verdict: Verdict, quarantine: Quarantine, asked: Quarantined): Verdict {
  if (verdict.decision === 'hold' || asked.accesses.every(({ action }) => harmless.has(action)))
    return verdict;
  const { quarantineApprovers } = asked;
  if (quarantineApprovers === undefined)
    return refused(
      verdict,
      quarantine,
      'a person decides each statement, and identity.roles.approver names none',
    );
  const { onExcess: _, ...bounds } = verdict.obligations;
  const obligations: Obligations = {
    ...bounds,
    ...{ approvers: [quarantineApprovers], quorum: 1, mode: 'wait', waitMs: longestWaitMs },
    // Else a transaction of two statements could never be run: each is asked about in its place.
    waitInTransaction: true,
  };
  const reason = because(quarantine, 'a person decides each statement');
  return {
    ...verdict,
    decision: 'hold',
    reason,
    obligations,
    policyIds: ['quarantine', ...verdict.policyIds],
  };
}

function refused(verdict: Verdict, quarantine: Quarantine, why: string): Verdict {
  const reason = because(quarantine, why);
  return { ...verdict, decision: 'deny', reason, policyIds: ['quarantine'] };
}

function because({ identity, reason }: Quarantine, why: string): string {
  return `${identity} is in quarantine (${reason}): ${why}; ask the security team`;
}

/** Why whoever is blocked, or acts for one who is, has no session; undefined: they may have. */
export function blockedReason({ quarantine }: Standing): string | undefined {
  return quarantine?.level === 'blocked'
    ? `${quarantine.identity} is in quarantine: ${quarantine.reason}`
    : undefined;
}

/** Throws FORBIDDEN for whoever is blocked. */
export function demandUnblocked(standing: Standing): void {
  const reason = blockedReason(standing);
  if (reason !== undefined)
    throw new AppError('FORBIDDEN', reason, {
      hint: 'ask the security team: it lifts a quarantine with a reason',
    });
}
