import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { bytes, count, duration } from '../../ui/amounts.js';
import { Sql } from '../../ui/sql.js';
import { DecisionTag, Tag } from '../../ui/tag.js';
import { Visible } from '../../ui/visible-text.js';
import type { ReplayStatement } from './replay.js';
import { ResultTable } from './result-table.js';

/** A statement with its values, what was decided, what came of it, and the rows as the client saw them. */
export const ReplayedStatement = memo(function ReplayedStatement({
  statement,
}: {
  readonly statement: ReplayStatement;
}) {
  const { number, id, text, decision, reason, parameters } = statement;
  return (
    <div className="entry-body">
      <p className="entry-top">
        <span className="entry-number">#{number}</span>
        <DecisionTag decision={decision} />
        {reason !== '' && <Visible text={reason} />}
        <Link to="/decisions/$id" params={{ id }} className="entry-link">
          Decision
        </Link>
      </p>
      <Sql text={text} label={`Statement ${number}`} />
      {parameters.length > 0 && <Parameters parameters={parameters} />}
      <Hold statement={statement} />
      <Outcome statement={statement} />
      {statement.result && <ResultTable result={statement.result} number={number} />}
    </div>
  );
});

function Parameters({ parameters }: Pick<ReplayStatement, 'parameters'>) {
  return (
    <p className="entry-parameters">
      {parameters.map(({ value, note }, i) => (
        <span key={i}>
          <span className="sql-parameter">${i + 1}</span> ={' '}
          {value === null ? <i>NULL</i> : <Visible text={value} />}
          {note !== '' && (
            <span className="faint">
              {' '}
              (<Visible text={note} />)
            </span>
          )}
        </span>
      ))}
    </p>
  );
}

function Hold({ statement: { hold, approvalId } }: { readonly statement: ReplayStatement }) {
  if (!hold && approvalId === '') return null;
  return (
    <p className="entry-outcome">
      {hold ? (
        <>
          <Tag tone={hold.outcome === 'approved' ? 'good' : hold.outcome === 'denied' ? 'bad' : 'waiting'}>
            <Visible text={hold.outcome} />
          </Tag>{' '}
          {hold.decidedBy.length > 0 && (
            <>
              by <Visible text={hold.decidedBy.join(', ')} />{' '}
            </>
          )}
          after {duration(hold.waitedUs)}
        </>
      ) : (
        'Waited for a person'
      )}{' '}
      <code className="faint">
        <Visible text={approvalId} />
      </code>
    </p>
  );
}

function Outcome({ statement: { outcome, reason } }: { readonly statement: ReplayStatement }) {
  if (!outcome) return <p className="entry-outcome faint">no answer recorded</p>;
  const { status, commandTag, rows, durationUs, masked, message, sqlstate, recordingCut } = outcome;
  const facts = [
    status === 'ok' ? commandTag || 'ok' : status.replaceAll('_', ' '),
    ...(rows > 0 ? [count(rows, 'row')] : []),
    ...(outcome.bytes > 0 ? [bytes(outcome.bytes)] : []),
    duration(durationUs),
    ...masked.map(([name, values]) => `${name} masked ×${values}`),
    ...(recordingCut ? ['the recording is cut'] : []),
  ];
  return (
    <>
      <p className="entry-outcome faint">
        <Visible text={facts.join(' · ')} />
      </p>
      {message !== '' && message !== reason && (
        <p className="entry-error">
          {sqlstate !== '' && (
            <code>
              <Visible text={sqlstate} />
            </code>
          )}{' '}
          <Visible text={message} lines />
        </p>
      )}
    </>
  );
}
