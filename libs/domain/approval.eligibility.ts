import { AppError, type Principal } from '#kernel';
import type { ApprovalRequest, OpenedApproval } from './approval.js';
import { isSamePerson } from './principal.js';

/** Invariant 6: why this principal may not decide this request, or undefined if they may. */
export function ineligibility(request: ApprovalRequest, by: Principal): AppError | undefined {
  if (isSamePerson(by, request.requester))
    return new AppError('SELF_APPROVAL', 'nobody decides a request of their own, or one made in their name');
  if (by.kind !== 'person') return new AppError('NOT_ELIGIBLE', 'only a person decides a request');
  if (!by.groups.some((group) => request.approverGroups.includes(group)))
    return new AppError(
      'NOT_ELIGIBLE',
      `this request is decided by members of ${listed(request.approverGroups)}`,
    );
  return undefined;
}

export function mayDecide(request: ApprovalRequest, by: Principal): boolean {
  return ineligibility(request, by) === undefined;
}

/**
 * The groups of `request` for which a yes was given, and that who gave it has no longer. A yes that has lost one of
 * them is void as a whole: it may be given anew.
 */
export function lostGroups(
  request: ApprovalRequest,
  by: Principal,
  groups: readonly string[],
): readonly string[] {
  return request.approverGroups.filter((group) => by.groups.includes(group) && !groups.includes(group));
}

/** Enough distinct persons said yes, and each of the groups is among them. */
export function isApproved({ request, decisions }: Pick<OpenedApproval, 'request' | 'decisions'>): boolean {
  const approvers = decisions.filter(({ decision }) => decision === 'approve').map(({ by }) => by);
  return (
    approvers.length >= Math.max(1, request.quorum) &&
    request.approverGroups.every((group) => approvers.some((by) => by.groups.includes(group)))
  );
}

function listed(groups: readonly string[]): string {
  return groups.length === 0 ? 'no group' : groups.join(', ');
}
