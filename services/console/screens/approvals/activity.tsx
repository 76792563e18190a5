import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { getActivityByApprovalIdOptions } from '../../api/gen/@tanstack/react-query.gen.js';
import type { GetActivityByApprovalIdResponse } from '../../api/gen/types.gen.js';
import { useHas } from '../../app/me.js';
import { count, plain } from '../../ui/amounts.js';
import { Section } from '../../ui/facts.js';
import { Loading } from '../../ui/states.js';
import { DecisionTag } from '../../ui/tag.js';
import { Time } from '../../ui/time.js';
import { Visible } from '../../ui/visible-text.js';
import type { ApprovalDetail } from './approval.js';

type Lately = GetActivityByApprovalIdResponse;

/** What whoever asks did in the last day. It comes from the record, and a decision does not need it. */
export function Activity({ approval }: { readonly approval: ApprovalDetail }) {
  const lately = useQuery({
    ...getActivityByApprovalIdOptions({ path: { approvalId: approval.id } }),
    staleTime: 30_000,
  });
  return (
    <Section title="What they did in the last day">
      {lately.isPending && <Loading what="the record" />}
      {lately.isError && (
        <p className="faint">
          The record cannot be read now: <Visible text={lately.error.message} />
        </p>
      )}
      {lately.data && <Numbers lately={lately.data} />}
      {lately.data && lately.data.tables.length > 0 && <Tables tables={lately.data.tables} />}
      {lately.data && lately.data.recent.length > 0 && <Recent recent={lately.data.recent} />}
    </Section>
  );
}

function Numbers({ lately }: { readonly lately: Lately }) {
  const numbers: readonly (readonly [number, string])[] = [
    [lately.sessions, 'sessions'],
    [lately.statements, 'statements'],
    [lately.denied, 'refused'],
    [lately.held, 'held'],
    [lately.rows, 'rows read'],
    [lately.maskedValues, 'values masked'],
  ];
  return (
    <dl className="numbers">
      {numbers.map(([value, what]) => (
        <div key={what}>
          <dt>{what}</dt>
          <dd>{plain(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Tables({ tables }: Pick<Lately, 'tables'>) {
  return (
    <p className="tables-line">
      Most in{' '}
      {tables.slice(0, 5).map(({ table, statements, rows }, i) => (
        <span key={table}>
          {i > 0 && ', '}
          <code>
            <Visible text={table} />
          </code>{' '}
          <span className="faint">
            ({count(statements, 'statement')}, {count(rows, 'row')})
          </span>
        </span>
      ))}
    </p>
  );
}

function Recent({ recent }: Pick<Lately, 'recent'>) {
  const mayOpen = useHas('auditor', 'security');
  return (
    <ul className="recent">
      {recent.map(({ id, time, kinds, tables, decision, rows, connection }) => (
        <li key={id}>
          <span className="faint recent-time">
            <Time value={time} as="clock" />
          </span>
          <DecisionTag decision={decision} />
          <span className="recent-what">
            {mayOpen ? (
              <Link to="/decisions/$id" params={{ id }}>
                <Visible text={kinds.join(', ') || 'statement'} />
              </Link>
            ) : (
              <Visible text={kinds.join(', ') || 'statement'} />
            )}{' '}
            <Visible text={tables.join(', ')} />
            <span className="faint">
              {' '}
              on <Visible text={connection} />, {count(rows, 'row')}
            </span>
          </span>
        </li>
      ))}
    </ul>
  );
}
