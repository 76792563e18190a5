import {
  approval as decider,
  lostGroups,
  type ApprovalEvent,
  type KnownGroups,
  type OpenedApproval,
} from '#domain';
import { newId, type Principal } from '#kernel';

/**
 * What to say of each yes to a pending request whose giver is known to have lost a group for it, or the role, since
 * that was said.
 * Several replicas may say the same: the fold takes it once.
 */
export function voidDecisions(
  state: OpenedApproval,
  known: KnownGroups,
  isApprover: (person: Principal) => boolean,
  at: number,
): ApprovalEvent[] {
  if (state.status !== 'pending') return [];
  return state.decisions.flatMap(({ eventId: decisionId, by, saidAt }) => {
    const newer = known.since(by.id, saidAt);
    if (!newer) return [];
    // An agent decides nothing, nor does who is no approver, whatever groups they have beside.
    const groups = newer.kind === 'agent' || !isApprover(newer) ? [] : newer.groups;
    if (lostGroups(state.request, by, groups).length === 0) return [];
    const eventId = newId('evt', at);
    return decider.decide({ type: 'VoidDecision', eventId, at, decisionId, groups }, state);
  });
}
