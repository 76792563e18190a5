import { Link, useNavigate } from '@tanstack/react-router';
import { useRef, type FormEvent } from 'react';
import { useShortcut } from '../../app/shortcuts.js';
import { Button } from '../../ui/button.js';
import { fromLocalInput, toLocalInput } from '../../ui/local-time.js';
import { readSearch, type FindingSearch } from './search.js';

type Choices = readonly (readonly [value: string, word: string])[];

const states: Choices = [
  ['', 'any'],
  ['open', 'open'],
  ['acknowledged', 'acknowledged'],
  ['false_alarm', 'false alarm'],
];
const severities: Choices = [
  ['', 'any'],
  ['critical', 'critical'],
  ['high', 'high'],
  ['medium', 'medium'],
  ['low', 'low'],
];

interface FiltersProps {
  readonly search: FindingSearch;
  /** The same once more. */
  readonly again: () => void;
}

/** The form of a search. It takes effect when it is sent, and then stands in the address. */
export function Filters({ search, again }: FiltersProps) {
  const navigate = useNavigate();
  const form = useRef<HTMLFormElement>(null);
  useShortcut('/', 'Filter', () => form.current?.querySelector('select')?.focus());
  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const wanted = searchOf(new FormData(event.currentTarget), search.incident);
    if (JSON.stringify(wanted) === JSON.stringify(readSearch({ ...search }))) again();
    else void navigate({ to: '/findings', search: wanted });
  };
  return (
    // Drawn anew for another search: the fields hold what the address says.
    <form
      className="filters"
      role="search"
      aria-label="Findings"
      ref={form}
      onSubmit={send}
      key={JSON.stringify(search)}
    >
      <Choice name="state" label="State" choices={states} value={search.state} />
      <Choice name="severity" label="Severity" choices={severities} value={search.severity} />
      <Text name="identity" label="Identity" example="issuer:subject" value={search.identity} />
      <Text name="detector" label="Detector" example="bulk-read" value={search.detector} />
      <Moment name="from" label="From" value={search.from} />
      <Moment name="to" label="To" value={search.to} />
      <div className="filters-end">
        <Button type="submit" look="primary">
          Filter
        </Button>
        <Link to="/findings" className="button">
          Clear
        </Link>
        {search.incident !== undefined && <span className="faint">of one incident</span>}
      </div>
    </form>
  );
}

interface FieldProps {
  readonly name: keyof FindingSearch;
  readonly label: string;
  readonly value: string | undefined;
}

function Choice({ name, label, value = '', choices }: FieldProps & { readonly choices: Choices }) {
  return (
    <div>
      <label htmlFor={`filter-${name}`}>{label}</label>
      <select id={`filter-${name}`} name={name} defaultValue={value}>
        {choices.map(([each, word]) => (
          <option key={each} value={each}>
            {word}
          </option>
        ))}
      </select>
    </div>
  );
}

function Text({ name, label, value, example }: FieldProps & { readonly example: string }) {
  return (
    <div>
      <label htmlFor={`filter-${name}`}>{label}</label>
      <input
        id={`filter-${name}`}
        name={name}
        defaultValue={value}
        placeholder={example}
        autoComplete="off"
      />
    </div>
  );
}

function Moment({ name, label, value }: FieldProps) {
  return (
    <div className="filter-time">
      <label htmlFor={`filter-${name}`}>{label}</label>
      <input id={`filter-${name}`} name={name} type="datetime-local" defaultValue={toLocalInput(value)} />
    </div>
  );
}

/** The incident that a link came for stays until it is cleared. */
function searchOf(data: FormData, incident: string | undefined): FindingSearch {
  const text = (name: string) => {
    const value = data.get(name);
    return typeof value === 'string' ? value : '';
  };
  return readSearch({
    ...Object.fromEntries(['state', 'severity', 'identity', 'detector'].map((name) => [name, text(name)])),
    ...{ incident, from: fromLocalInput(text('from')), to: fromLocalInput(text('to')) },
  });
}
