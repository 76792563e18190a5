import { Link } from '@tanstack/react-router';
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
      <td data-head="Started">
        <Link to="/sessions/$id" params={{ id: session.sessionId }}>
          <Time value={session.startedAt} />
        </Link>
      </td>
      <td data-head="Who">
        <Visible text={session.identity} />
        {session.onBehalfOf !== '' && (
          <span className="faint">
            {' for '}
            <Visible text={session.onBehalfOf} />
          </span>
        )}
      </td>
      <td data-head="Connection">
        <Visible text={session.connection} />
      </td>
      <td data-head="Client">
        <Visible text={session.clientProgram || session.clientUser} />
      </td>
      <td data-head="Statements" className="number">
        {plain(session.statements)}
      </td>
      <td data-head="Rows" className="number">
        {plain(session.rows)}
      </td>
      <td data-head="Remarkable">
        <Remarks session={session} />
      </td>
    </tr>
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
