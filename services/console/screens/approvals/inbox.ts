import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { getApprovalsByIdQueryKey, getApprovalsOptions } from '../../api/gen/@tanstack/react-query.gen.js';
import { useAttended } from '../../app/attended.js';
import type { Approval } from './approval.js';
import type { InboxSearch } from './index.js';
import { useApprovalStream, type StreamState } from './stream.js';

/** How often to ask while the stream is away. */
const pollMs = 3_000;

/** More than anybody decides in a day; the page says when there are more. */
export const mostShown = 200;

const listOf = (status: 'pending' | 'all') => getApprovalsOptions({ query: { status, limit: mostShown } });

export function useInbox() {
  const search: InboxSearch = useSearch({ strict: false });
  const status: 'pending' | 'all' = search.status ?? 'pending';
  const queryClient = useQueryClient();
  const attended = useAttended();
  const stream = useApprovalStream({
    onItem: (item) => takeIn(queryClient, item),
    onConnected: () => void refetchApprovals(queryClient),
  });
  const query = useQuery({
    ...listOf(status),
    refetchInterval: stream === 'live' || !attended ? false : pollMs,
  });
  return { status, stream, query };
}

export type { StreamState };

/** After a decision, or when the stream may have missed something. */
export function refetchApprovals(queryClient: QueryClient): Promise<void> {
  return queryClient.invalidateQueries({
    predicate: ({ queryKey }) => /^getApprovals/.test((queryKey[0] as { _id?: string })._id ?? ''),
  });
}

/** Puts an item that the stream brought where lists show it; its page is read again. */
function takeIn(queryClient: QueryClient, item: Approval): void {
  for (const status of ['pending', 'all'] as const)
    queryClient.setQueryData(listOf(status).queryKey, (known) => {
      if (!known) return known;
      const others = known.approvals.filter(({ id }) => id !== item.id);
      const belongs = status === 'all' || item.status === 'pending';
      return { approvals: belongs ? inOrder([...others, item], status) : others };
    });
  void queryClient.invalidateQueries({ queryKey: getApprovalsByIdQueryKey({ path: { id: item.id } }) });
}

/** What waits: whoever waited longest first. All: the newest first. */
export function inOrder(items: readonly Approval[], status: 'pending' | 'all'): Approval[] {
  const direction = status === 'pending' ? 1 : -1;
  return items.toSorted(
    (a, b) => direction * (a.requestedAt < b.requestedAt ? -1 : a.requestedAt > b.requestedAt ? 1 : 0),
  );
}
