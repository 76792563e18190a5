import { Link } from '@tanstack/react-router';
import { useRef } from 'react';
import { useShortcut } from '../../app/shortcuts.js';
import { moveFocus } from '../../ui/move-focus.js';
import { Tag } from '../../ui/tag.js';
import { Time } from '../../ui/time.js';
import { Visible } from '../../ui/visible-text.js';
import { requesterOf, rowsOf, shortIdOf, statusOf, tablesOf, type Approval } from './approval.js';
import { TimeLeft } from './time-left.js';

interface ListProps {
  readonly items: readonly Approval[];
  readonly opened: string | undefined;
  readonly status: 'pending' | 'all';
}

/** Requests as links; `j` and `k` move the focus, Enter follows it as with any link. */
export function InboxList({ items, opened, status }: ListProps) {
  const list = useRef<HTMLUListElement>(null);
  useShortcut('j', 'Next request', () => moveFocus(list.current, 'a.request', 1));
  useShortcut('k', 'Request before', () => moveFocus(list.current, 'a.request', -1));
  useShortcut('Enter', 'Open the request', () =>
    list.current?.querySelector<HTMLElement>('a.request')?.click(),
  );
  return (
    <ul className="requests" ref={list}>
      {items.map((item) => (
        <li key={item.id}>
          <Link
            to="/approvals/$id"
            params={{ id: item.id }}
            search={status === 'all' ? { status } : {}}
            className="request"
            aria-current={item.id === opened ? 'page' : undefined}
          >
            <Row item={item} />
          </Link>
        </li>
      ))}
    </ul>
  );
}

function Row({ item }: { readonly item: Approval }) {
  const [tone, word] = statusOf(item);
  const rows = rowsOf(item);
  return (
    <>
      <span className="request-top">
        <strong className="request-kind">
          <Visible text={item.kind} />
        </strong>
        {item.status === 'pending' ? <TimeLeft until={item.expiresAt} /> : <Tag tone={tone}>{word}</Tag>}
      </span>
      <span className="request-what">
        <Visible text={item.tables.length > 0 ? tablesOf(item) : 'no table'} />
        {rows !== '' && <span className="request-rows">, {rows}</span>}
      </span>
      {item.classes.length > 0 && (
        <span className="request-who">
          touches <Visible text={item.classes.join(', ')} />
        </span>
      )}
      <span className="request-who">
        <Visible text={requesterOf(item)} />
        {item.requester.onBehalfOf !== null && (
          <>
            {' for '}
            <Visible text={item.requester.onBehalfOf} />
          </>
        )}
        {' on '}
        <Visible text={item.connection} />
        {item.source.program !== '' && (
          <>
            {', with '}
            <Visible text={item.source.program} />
          </>
        )}
      </span>
      <span className="request-who">
        <Time value={item.requestedAt} as="clock" />, <Time value={item.requestedAt} as="ago" />
        <span className="dot" aria-hidden="true" /> <code>{shortIdOf(item)}</code>
      </span>
    </>
  );
}
