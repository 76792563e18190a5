import { Link, Outlet, useMatches } from '@tanstack/react-router';
import { Empty, Failure, Loading } from '../../ui/states.js';
import { count, plain } from '../../ui/amounts.js';
import { inOrder, mostShown, useInbox, type StreamState } from './inbox.js';
import { InboxList } from './inbox-list.js';
import './approvals.css';

/** The inbox on the left, the opened request beside it; on a narrow screen, one of them. */
export function InboxPage() {
  const { status, stream, query } = useInbox();
  const opened = useOpened();
  const items = inOrder(query.data?.approvals ?? [], status);
  return (
    <div className={`inbox ${opened === undefined ? '' : 'inbox-opened'}`}>
      <section className="inbox-list" aria-label="Requests">
        <header className="inbox-head">
          <h1>Approvals</h1>
          <LiveMark state={stream} />
        </header>
        <p className="unseen" role="status">
          {query.data && status === 'pending' ? `${count(items.length, 'request')} waiting` : ''}
        </p>
        <Tabs status={status} waiting={query.data && status === 'pending' ? items.length : undefined} />
        {query.isPending && <Loading what="requests" />}
        {query.isError && <Failure error={query.error} what="approvals" retry={() => void query.refetch()} />}
        {query.data && items.length === 0 && <NothingWaits all={status === 'all'} />}
        <InboxList items={items} opened={opened} status={status} />
        {items.length >= mostShown && (
          <p className="inbox-more faint">The first {plain(mostShown)} are shown.</p>
        )}
      </section>
      <div className="inbox-detail">
        <Outlet />
      </div>
    </div>
  );
}

interface TabsProps {
  readonly status: 'pending' | 'all';
  readonly waiting: number | undefined;
}

/** `exact`: without it the router too calls a link the current one, whatever its search is. */
function Tabs({ status, waiting }: TabsProps) {
  const current = (tab: TabsProps['status']) => (status === tab ? 'true' : undefined);
  return (
    <div className="tabs" role="group" aria-label="Which requests">
      <Link to="/approvals" search={{}} activeOptions={{ exact: true }} aria-current={current('pending')}>
        Waiting {waiting !== undefined && <span className="tab-count">{plain(waiting)}</span>}
      </Link>
      <Link
        to="/approvals"
        search={{ status: 'all' }}
        activeOptions={{ exact: true }}
        aria-current={current('all')}
      >
        All
      </Link>
    </div>
  );
}

function useOpened(): string | undefined {
  return useMatches({
    select: (matches) => (matches.at(-1)?.params as { readonly id?: string } | undefined)?.id,
  });
}

function NothingWaits({ all }: { readonly all: boolean }) {
  return all ? (
    <Empty title="No request yet">
      <p>When an agent runs what a person must approve, it stands here.</p>
    </Empty>
  ) : (
    <Empty title="Nothing waits for you">
      <p>New requests appear here by themselves.</p>
    </Empty>
  );
}

const liveWords: Readonly<Record<StreamState, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  off: 'Every 3 s',
};

function LiveMark({ state }: { readonly state: StreamState }) {
  return (
    <span className={`live live-${state}`} role="status">
      {liveWords[state]}
    </span>
  );
}
