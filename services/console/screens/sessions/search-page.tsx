import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { getSessionsOptions } from '../../api/gen/@tanstack/react-query.gen.js';
import { usePageTitle } from '../../app/page-title.js';
import { Empty, Failure, Loading } from '../../ui/states.js';
import { Filters } from './filters.js';
import type { SessionSearch } from './search.js';
import { SessionTable } from './session-table.js';
import './sessions.css';

const pageSize = 50;

/** Sessions by what one remembers of them, a page at a time; the server searches. */
export function SearchPage() {
  usePageTitle('Sessions');
  const search: SessionSearch = useSearch({ strict: false });
  const { data, isPending, isError, error, refetch, isPlaceholderData } = useQuery({
    ...getSessionsOptions({ query: { ...search, limit: pageSize } as never }),
    placeholderData: keepPreviousData,
  });
  return (
    <div className="page">
      <h1>Sessions</h1>
      <Filters search={search} again={() => void refetch()} />
      {isPending && <Loading what="sessions" />}
      {isError && <Failure error={error} what="sessions" retry={() => void refetch()} />}
      {data && !isError && (
        <div className={isPlaceholderData ? 'stale' : ''} aria-busy={isPlaceholderData}>
          {data.sessions.length === 0 ? (
            <NothingFound search={search} />
          ) : (
            <SessionTable sessions={data.sessions} />
          )}
          <Pages search={search} next={data.next} />
        </div>
      )}
    </div>
  );
}

function NothingFound({ search }: { readonly search: SessionSearch }) {
  return Object.keys(search).length === 0 ? (
    <Empty title="No session yet">
      <p>As soon as a client connects, its session stands here.</p>
    </Empty>
  ) : (
    <Empty title="No session fits">
      <p>
        Take a filter away, or <Link to="/sessions">show all</Link>.
      </p>
    </Empty>
  );
}

function Pages({ search, next }: { readonly search: SessionSearch; readonly next: string | null }) {
  const { cursor, ...first } = search;
  if (cursor === undefined && next === null) return null;
  return (
    <nav className="pages" aria-label="Pages of the result">
      {cursor !== undefined && (
        <Link to="/sessions" search={first} className="button">
          Newest
        </Link>
      )}
      {next !== null && (
        <Link to="/sessions" search={{ ...first, cursor: next }} className="button">
          Older
        </Link>
      )}
    </nav>
  );
}
