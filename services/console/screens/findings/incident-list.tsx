import { Link } from '@tanstack/react-router';
import { useRef } from 'react';
import { useShortcut } from '../../app/shortcuts.js';
import { count } from '../../ui/amounts.js';
import { moveFocus } from '../../ui/move-focus.js';
import { Tag } from '../../ui/tag.js';
import { Time } from '../../ui/time.js';
import { Visible } from '../../ui/visible-text.js';
import { aboutOf, severityOf, stateOf, type Finding } from './finding.js';
import type { ShownIncident } from './incidents.js';
import type { FindingSearch } from './search.js';

interface ListProps {
  readonly incidents: readonly ShownIncident[];
  readonly search: FindingSearch;
}

/** Findings as links, by incident; `j` and `k` move the focus, Enter follows it as with any link. */
export function IncidentList({ incidents, search }: ListProps) {
  const list = useRef<HTMLOListElement>(null);
  useShortcut('j', 'Next finding', () => moveFocus(list.current, 'a.finding-link', 1));
  useShortcut('k', 'Finding before', () => moveFocus(list.current, 'a.finding-link', -1));
  return (
    <ol className="incidents" ref={list} aria-label="Incidents">
      {incidents.map((incident) => (
        <li key={incident.id} className="incident">
          <Head incident={incident} search={search} />
          <ul>
            {incident.findings.map((finding) => (
              <li key={finding.id} className="finding">
                <Row finding={finding} />
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ol>
  );
}

function Head({ incident, search }: { readonly incident: ShownIncident; readonly search: FindingSearch }) {
  const { id, whole, findings } = incident;
  const [newest] = findings;
  const more = (whole?.findings ?? 0) - findings.length;
  return (
    <header className="incident-head">
      <h2>
        {newest.identity === '' ? (
          'Nobody in particular'
        ) : (
          <Link to="/findings" search={{ identity: newest.identity }}>
            <Visible text={aboutOf(newest)} />
          </Link>
        )}
      </h2>
      {whole && <Severity severity={whole.severity} />}
      <span className="faint">
        {whole && (
          <>
            {count(whole.findings, 'finding')}, {whole.open} open, <Time value={whole.from} /> to{' '}
            <Time value={whole.to} />
          </>
        )}
        {more > 0 && search.incident === undefined && (
          <>
            {'; '}
            <Link to="/findings" search={{ incident: id }}>
              {count(more, 'more of this incident', 'more of this incident')}
            </Link>
          </>
        )}
      </span>
    </header>
  );
}

function Row({ finding }: { readonly finding: Finding }) {
  const { id, title, severity, state, evidence, subject, detector, raisedAt } = finding;
  const [tone, word] = stateOf(state);
  return (
    <>
      <span className="finding-top">
        <Link to="/findings/$id" params={{ id }} className="finding-link">
          <Visible text={title || id} />
        </Link>
        <Severity severity={severity} />
        <Tag tone={tone}>
          <Visible text={word} />
        </Tag>
      </span>
      <span className="finding-evidence">
        <Visible text={evidence} />
      </span>
      <span className="faint">
        {subject !== '' && (
          <>
            <Visible text={subject} />
            {', '}
          </>
        )}
        by <Visible text={detector} />, <Time value={raisedAt} as="ago" />
      </span>
    </>
  );
}

export function Severity({ severity }: { readonly severity: string }) {
  const [tone, word] = severityOf(severity);
  return (
    <Tag tone={tone}>
      <Visible text={word} />
    </Tag>
  );
}
