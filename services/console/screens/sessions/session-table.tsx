import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { GetSessionsResponse } from '../../api/gen/types.gen.js';
import { plain } from '../../ui/amounts.js';
import { Tag } from '../../ui/tag.js';
import { Time } from '../../ui/time.js';
import { Visible } from '../../ui/visible-text.js';

export type Session = GetSessionsResponse['sessions'][number];

/** On a narrow screen each row becomes a card: cells carry their heads. */
export function SessionTable({ sessions }: { readonly sessions: readonly Session[] }) {
  return (
    <table className="sessions">
      <thead>
        <tr>
          <th scope="col">Started</th>
          <th scope="col">Who</th>
          <th scope="col">Connection</th>
          <th scope="col">Client</th>
          <th scope="col" className="number">
            Statements
          </th>
          <th scope="col" className="number">
            Rows
          </th>
          <th scope="col">Remarkable</th>
        </tr>
      </thead>
      <tbody>
        {sessions.map((session) => (
          <Row key={session.sessionId} session={session} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ session }: { readonly session: Session }) {
  return (
    <tr>
      <Cell head="Started">
        <Link to="/sessions/$id" params={{ id: session.sessionId }}>
          <Time value={session.startedAt} />
        </Link>
      </Cell>
      <Cell head="Who">
        <Visible text={session.identity} />
        {session.onBehalfOf !== '' && (
          <span className="faint">
            {' for '}
            <Visible text={session.onBehalfOf} />
          </span>
        )}
      </Cell>
      <Cell head="Connection">
        <Visible text={session.connection} />
      </Cell>
      <Cell head="Client">
        <Visible text={session.clientProgram || session.clientUser} />
      </Cell>
      <Cell head="Statements" look="number">
        {plain(session.statements)}
      </Cell>
      <Cell head="Rows" look="number">
        {plain(session.rows)}
      </Cell>
      <Cell head="Remarkable">
        <Remarks session={session} />
      </Cell>
    </tr>
  );
}

interface CellProps {
  readonly head: string;
  readonly look?: 'number';
  readonly children: ReactNode;
}

/** One element beside its head: on a narrow screen each element of a cell is a place in a grid. */
function Cell({ head, look, children }: CellProps) {
  return (
    <td data-head={head} className={look}>
      <div>{children}</div>
    </td>
  );
}

/** What one looks for when one looks through sessions. */
export function Remarks({ session }: { readonly session: Session }) {
  const { endedAt, denied, held, errors, maskedValues, missing } = session;
  return (
    <span className="remarks">
      {endedAt === null && <Tag tone="info">open</Tag>}
      {denied > 0 && <Tag tone="bad">{plain(denied)} refused</Tag>}
      {held > 0 && <Tag tone="waiting">{plain(held)} held</Tag>}
      {errors > 0 && <Tag>{plain(errors)} failed</Tag>}
      {maskedValues > 0 && <Tag>{plain(maskedValues)} masked</Tag>}
      {missing > 0 && <Tag tone="bad">{plain(missing)} events missing</Tag>}
    </span>
  );
}
