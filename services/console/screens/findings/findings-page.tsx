import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { getFindingsOptions } from '../../api/gen/@tanstack/react-query.gen.js';
import { useAttended } from '../../app/attended.js';
import { usePageTitle } from '../../app/page-title.js';
import { Empty, Failure, Loading } from '../../ui/states.js';
import { Filters } from './filters.js';
import { IncidentList } from './incident-list.js';
import { byIncident } from './incidents.js';
import { QuarantineOf } from './quarantine.js';
import { StandingQuarantines } from './quarantines.js';
import type { FindingSearch } from './search.js';
import './findings.css';

const pageSize = 50;

/** What detectors saw, by incident, a page at a time; the server filters. */
export function FindingsPage() {
  usePageTitle('Findings');
  const search: FindingSearch = useSearch({ strict: false });
  const attended = useAttended();
  const { data, isPending, isError, error, refetch, isPlaceholderData } = useQuery({
    ...getFindingsOptions({ query: { ...search, limit: pageSize } }),
    placeholderData: keepPreviousData,
    // The newest come by themselves; further pages stay as they were.
    refetchInterval: attended && search.cursor === undefined ? 10_000 : false,
  });
  return (
    <div className="page">
      <h1>Findings</h1>
      {!isIdentity(search.identity) && <StandingQuarantines />}
      <Filters search={search} again={() => void refetch()} />
      {isIdentity(search.identity) && <QuarantineOf key={search.identity} identity={search.identity} keys />}
      {isPending && <Loading what="findings" />}
      {isError && <Failure error={error} what="findings" retry={() => void refetch()} />}
      {data && 'incidents' in data && !isError && (
        <div className={isPlaceholderData ? 'stale' : ''} aria-busy={isPlaceholderData}>
          {data.findings.length === 0 ? (
            <NothingFound search={search} />
          ) : (
            <IncidentList incidents={byIncident(data)} search={search} />
          )}
          <Pages search={search} next={data.next} />
        </div>
      )}
    </div>
  );
}

/** `issuer:subject`: of whom somebody asks for the findings, they may want to put in quarantine. */
function isIdentity(text: string | undefined): text is string {
  return text !== undefined && /^[^\s:]+:./.test(text);
}

function NothingFound({ search }: { readonly search: FindingSearch }) {
  return Object.keys(search).length === 0 ? (
    <Empty title="Nothing was found yet">
      <p>When a detector sees in the record what it looks for, it stands here.</p>
    </Empty>
  ) : (
    <Empty title="No finding fits">
      <p>
        Take a filter away, or <Link to="/findings">show all</Link>.
      </p>
    </Empty>
  );
}

function Pages({ search, next }: { readonly search: FindingSearch; readonly next: string | null }) {
  const { cursor, ...first } = search;
  if (cursor === undefined && next === null) return null;
  return (
    <nav className="pages" aria-label="Pages of the findings">
      {cursor !== undefined && (
        <Link to="/findings" search={first} className="button">
          Newest
        </Link>
      )}
      {next !== null && (
        <Link to="/findings" search={{ ...first, cursor: next }} className="button">
          Older
        </Link>
      )}
    </nav>
  );
}
