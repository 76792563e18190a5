import { useQuery, useQueryClient, type Query, type QueryClient } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useEffect } from 'react';
import { getApprovalsByIdOptions, getApprovalsOptions } from '../../api/gen/@tanstack/react-query.gen.js';
import { attendedNow, useAttended } from '../../app/attended.js';
import type { Approval } from './approval.js';
import type { InboxSearch } from './index.js';
import { useApprovalStream, type StreamState } from './stream.js';

/** How often to ask while the stream is away. */
const pollMs = 3_000;

/** More than anybody decides in a day; the page says when there are more. */
export const mostShown = 200;

type Status = 'pending' | 'all';

const listOf = (status: Status) => getApprovalsOptions({ query: { status, limit: mostShown } });

export function useInbox() {
  const search: InboxSearch = useSearch({ strict: false });
  const status: Status = search.status ?? 'pending';
  const queryClient = useQueryClient();
  const attended = useAttended();
  const stream = useApprovalStream({
    onItem: (item) => void takeIn(queryClient, item),
    onConnected: () => void refetchApprovals(queryClient),
  });
  // What came while nobody was there was marked as old, and not fetched.
  useEffect(() => {
    if (!attended) return;
    const old = { predicate: isOfApprovals, type: 'active', stale: true } as const;
    void queryClient.refetchQueries(old, { cancelRefetch: false });
  }, [attended, queryClient]);
  const query = useQuery({
    ...listOf(status),
    refetchInterval: stream === 'live' || !attended ? false : pollMs,
  });
  return { status, stream, query };
}

export type { StreamState };

/** After a decision, or when the stream may have missed something. */
export function refetchApprovals(queryClient: QueryClient): Promise<void> {
  return queryClient.invalidateQueries({ predicate: isOfApprovals, refetchType: ifAttended() });
}

function isOfApprovals({ queryKey }: Pick<Query, 'queryKey'>): boolean {
  return /^getApprovals/.test((queryKey[0] as { readonly _id?: string })._id ?? '');
}

/** The stream goes on while nobody is there; a fetch would be a use of the session. */
function ifAttended(): 'active' | 'none' {
  return attendedNow() ? 'active' : 'none';
}

/** Puts an item that the stream brought where lists show it; its page is read again. */
async function takeIn(queryClient: QueryClient, item: Approval): Promise<void> {
  const { queryKey } = getApprovalsByIdOptions({ path: { id: item.id } });
  await Promise.all([
    ...(['pending', 'all'] as const).map((status) => putInto(queryClient, status, item)),
    queryClient.invalidateQueries({ queryKey, refetchType: ifAttended() }),
  ]);
}

/** A list that is on its way may be older than the item, and would lay itself over it: it is asked for anew. */
async function putInto(queryClient: QueryClient, status: Status, item: Approval): Promise<void> {
  const { queryKey } = listOf(status);
  const isOnItsWay = queryClient.isFetching({ queryKey }) > 0;
  if (isOnItsWay) await queryClient.cancelQueries({ queryKey });
  queryClient.setQueryData(queryKey, (known) => {
    if (!known) return known;
    const others = known.approvals.filter(({ id }) => id !== item.id);
    const belongs = status === 'all' || item.status === 'pending';
    return { approvals: belongs ? inOrder([...others, item], status) : others };
  });
  if (isOnItsWay) await queryClient.invalidateQueries({ queryKey });
}

/** What waits: whoever waited longest first. All: the newest first. */
export function inOrder(items: readonly Approval[], status: Status): Approval[] {
  const direction = status === 'pending' ? 1 : -1;
  return items.toSorted(
    (a, b) => direction * (a.requestedAt < b.requestedAt ? -1 : a.requestedAt > b.requestedAt ? 1 : 0),
  );
}
