import type { GetApprovalsByIdResponse, GetApprovalsResponse } from '../../api/gen/types.gen.js';
import type { Tone } from '../../ui/tag.js';

export type Approval = GetApprovalsResponse['approvals'][number];
export type ApprovalDetail = GetApprovalsByIdResponse;

const statuses: Readonly<Record<Approval['status'], readonly [Tone, string]>> = {
  pending: ['waiting', 'Waiting'],
  approved: ['good', 'Approved'],
  consumed: ['good', 'Approved and run'],
  denied: ['bad', 'Denied'],
  expired: ['neutral', 'Expired'],
  withdrawn: ['neutral', 'Withdrawn'],
};

export function statusOf({ status }: Pick<Approval, 'status'>): readonly [Tone, string] {
  return statuses[status];
}

/** Who asks, as people call them. */
export function requesterOf({ requester }: Approval): string {
  return requester.displayName || requester.subject;
}

export function tablesOf({ tables }: Approval): string {
  if (tables.length <= 2) return tables.join(', ');
  return `${tables.slice(0, 2).join(', ')} and ${tables.length - 2} more`;
}
