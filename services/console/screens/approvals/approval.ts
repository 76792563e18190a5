import type { GetApprovalsByIdResponse, GetApprovalsResponse } from '../../api/gen/types.gen.js';
import { count } from '../../ui/amounts.js';
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

/** What tells a request from another that is alike in all else: the end of its id, as the command prints it too. */
export function shortIdOf({ id }: Approval): string {
  return `…${id.slice(-4)}`;
}

/** What the database expects, in as many words as a list has room for; empty where it was not asked. */
export function rowsOf({ estimate }: Approval): string {
  if (!estimate) return '';
  return 'unavailable' in estimate ? 'rows not known' : `about ${count(estimate.rows, 'row')}`;
}

export function tablesOf({ tables }: Approval): string {
  if (tables.length <= 2) return tables.join(', ');
  return `${tables.slice(0, 2).join(', ')} and ${tables.length - 2} more`;
}
