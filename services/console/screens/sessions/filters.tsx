import { Link, useNavigate } from '@tanstack/react-router';
import { useRef, type FormEvent } from 'react';
import { useShortcut } from '../../app/shortcuts.js';
import { Button } from '../../ui/button.js';
import { fromLocalInput, toLocalInput } from '../../ui/local-time.js';
import { readSearch, textFilters, type SessionSearch } from './search.js';

const labels: Readonly<Record<(typeof textFilters)[number], readonly [string, string]>> = {
  identity: ['Identity', 'issuer:subject'],
  connection: ['Connection', 'orders'],
  table: ['Table', 'public.customers'],
  class: ['Data class', 'email'],
};

const spans: readonly (readonly [string, number])[] = [
  ['Last hour', 3_600_000],
  ['Day', 86_400_000],
  ['Week', 7 * 86_400_000],
];

interface FiltersProps {
  readonly search: SessionSearch;
  /** The same search once more. */
  readonly again: () => void;
}

/** The form of a search. It takes effect when it is sent, and then stands in the address. */
export function Filters({ search, again }: FiltersProps) {
  const navigate = useNavigate();
  const form = useRef<HTMLFormElement>(null);
  useShortcut('/', 'Search', () => form.current?.querySelector('input')?.focus());
  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const wanted = searchOf(new FormData(event.currentTarget));
    if (isSame(wanted, search)) again();
    else void navigate({ to: '/sessions', search: wanted });
  };
  return (
    // Drawn anew for another search: the fields hold what the address says.
    <form
      className="filters"
      role="search"
      aria-label="Sessions"
      ref={form}
      onSubmit={send}
      key={JSON.stringify(search)}
    >
      {textFilters.map((name) => (
        <div key={name}>
          <label htmlFor={`filter-${name}`}>{labels[name][0]}</label>
          <input
            id={`filter-${name}`}
            name={name}
            defaultValue={search[name]}
            placeholder={labels[name][1]}
            autoComplete="off"
          />
        </div>
      ))}
      <DecisionFilter value={search.decision} />
      <TimeFilter name="since" label="From" value={search.since} />
      <TimeFilter name="until" label="To" value={search.until} />
      <div className="filters-end">
        <Button type="submit" look="primary">
          Search
        </Button>
        <Link to="/sessions" className="button">
          Clear
        </Link>
        <Spans search={search} />
      </div>
    </form>
  );
}

function DecisionFilter({ value = '' }: { readonly value: string | undefined }) {
  return (
    <div>
      <label htmlFor="filter-decision">Decision</label>
      <select id="filter-decision" name="decision" defaultValue={value}>
        <option value="">any</option>
        <option value="allow">allowed</option>
        <option value="deny">refused</option>
        <option value="hold">held</option>
      </select>
    </div>
  );
}

interface TimeFilterProps {
  readonly name: 'since' | 'until';
  readonly label: string;
  readonly value: string | undefined;
}

function TimeFilter({ name, label, value }: TimeFilterProps) {
  return (
    <div className="filter-time">
      <label htmlFor={`filter-${name}`}>{label}</label>
      <input id={`filter-${name}`} name={name} type="datetime-local" defaultValue={toLocalInput(value)} />
    </div>
  );
}

function Spans({ search }: { readonly search: SessionSearch }) {
  const navigate = useNavigate();
  const { cursor: _, until: __, ...kept } = search;
  return (
    <span className="spans">
      {spans.map(([label, ms]) => (
        <Button
          key={label}
          look="quiet"
          onClick={() =>
            void navigate({
              to: '/sessions',
              search: { ...kept, since: new Date(Date.now() - ms).toISOString() },
            })
          }
        >
          {label}
        </Button>
      ))}
    </span>
  );
}

function searchOf(data: FormData): SessionSearch {
  const text = (name: string) => {
    const value = data.get(name);
    return typeof value === 'string' ? value : '';
  };
  const fields = Object.fromEntries([...textFilters, 'decision'].map((name) => [name, text(name)]));
  return readSearch({
    ...fields,
    since: fromLocalInput(text('since')),
    until: fromLocalInput(text('until')),
  });
}

/** Both are read by `readSearch`, which gives an order. */
function isSame(a: SessionSearch, b: SessionSearch): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
