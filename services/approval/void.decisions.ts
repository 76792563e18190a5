import {
  approval as decider,
  lostGroups,
  type ApprovalEvent,
  type KnownGroups,
  type OpenedApproval,
} from '#domain';
import { newId } from '#kernel';

/**
 * What to say of each yes to a pending request whose giver is known to have lost a group for it since that was said.
 * Several replicas may say the same: the fold takes it once.
 */
export function voidDecisions(state: OpenedApproval, known: KnownGroups, at: number): ApprovalEvent[] {
  if (state.status !== 'pending') return [];
  return state.decisions.flatMap(({ eventId: decisionId, by, saidAt }) => {
    const newer = known.since(by.id, saidAt);
    // An agent decides nothing, whatever groups it has beside.
    const groups = newer?.kind === 'agent' ? [] : newer?.groups;
    if (!groups || lostGroups(state.request, by, groups).length === 0) return [];
    const eventId = newId('evt', at);
    return decider.decide({ type: 'VoidDecision', eventId, at, decisionId, groups }, state);
  });
}
