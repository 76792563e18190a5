import { useQuery } from '@tanstack/react-query';
import { Link, useLocation, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { getSessionsByIdOptions } from '../../api/gen/@tanstack/react-query.gen.js';
import type { GetSessionsByIdResponse } from '../../api/gen/types.gen.js';
import { useAttended } from '../../app/attended.js';
import { useHas } from '../../app/me.js';
import { usePageTitle } from '../../app/page-title.js';
import { bytes, count } from '../../ui/amounts.js';
import { Button } from '../../ui/button.js';
import { Fact, Facts } from '../../ui/facts.js';
import { Failure, Loading } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { visible } from '../../ui/visible.js';
import { Visible } from '../../ui/visible-text.js';
import { EndDialog } from './end-dialog.js';
import { endingOf } from './ending.js';
import { Remarks } from './session-table.js';
import { Timeline } from './timeline.js';
import './sessions.css';

type Session = GetSessionsByIdResponse;

/** Another session is another page: a dialog that is open must not end what was not opened. */
export function SessionPage() {
  const { id = '' }: { readonly id?: string } = useParams({ strict: false });
  return <OneSession key={id} id={id} />;
}

/** One session: who and how much, and then all of it, as the client saw it. */
function OneSession({ id }: { readonly id: string }) {
  const { hash } = useLocation();
  const attended = useAttended();
  const session = useQuery({
    ...getSessionsByIdOptions({ path: { id } }),
    refetchInterval: ({ state }) => (attended && state.data?.endedAt === null ? 5_000 : false),
  });
  usePageTitle(session.data ? `Session of ${visible(session.data.identity)}` : 'Session');
  return (
    <article className="page session">
      <Link to="/sessions" className="back">
        All sessions
      </Link>
      {session.isPending && <Loading what="the session" />}
      {session.isError && !session.data && (
        <Failure error={session.error} what="this session" retry={() => void session.refetch()} />
      )}
      {session.data && <Head session={session.data} />}
      {session.data && <Timeline session={session.data} wanted={hash} />}
    </article>
  );
}

function Head({ session }: { readonly session: Session }) {
  const [ending, setEnding] = useState<'no' | 'asking' | 'asked'>('no');
  const mayEnd = useHas('security') && session.endedAt === null;
  return (
    <>
      <header className="page-head">
        <div>
          <h1>
            <Visible text={session.identity} /> on <Visible text={session.connection} />
          </h1>
          <p className="session-when">
            <Time value={session.startedAt} /> <Remarks session={session} />
          </p>
        </div>
        {mayEnd && (
          <Button look="danger" onClick={() => setEnding('asking')}>
            End this session…
          </Button>
        )}
      </header>
      <div className="columns session-facts">
        <Who session={session} />
        <HowMuch session={session} />
      </div>
      {ending === 'asked' && session.endedAt === null && (
        <p className="notice" role="status">
          The gate was told. It cancels what the session runs, and ends it.
        </p>
      )}
      {ending === 'asking' && (
        <EndDialog session={session} onClose={() => setEnding('no')} onDone={() => setEnding('asked')} />
      )}
    </>
  );
}

function Who({ session }: { readonly session: Session }) {
  return (
    <Facts>
      <Fact name={session.identityKind === 'agent' ? 'Agent' : 'Person'}>
        <Visible text={session.identity} />
      </Fact>
      <Fact name="Findings">
        <Link to="/findings" search={{ identity: session.identity }}>
          those about it
        </Link>
      </Fact>
      <Fact name="In the name of">
        {session.onBehalfOf === '' ? (
          <span className="faint">nobody else</span>
        ) : (
          <Visible text={session.onBehalfOf} />
        )}
      </Fact>
      <Fact name="From">
        <Visible text={session.sourceAddress} />
      </Fact>
      <Fact name="Says it is">
        <Visible
          text={
            [session.clientUser, session.clientProgram].filter((part) => part !== '').join(', ') || 'nothing'
          }
        />
      </Fact>
    </Facts>
  );
}

function HowMuch({ session }: { readonly session: Session }) {
  return (
    <Facts>
      <Fact name="Statements">{count(session.statements, 'statement')}</Fact>
      <Fact name="Read">
        {count(session.rows, 'row')}, {bytes(session.bytes)}
      </Fact>
      <Fact name="Last event">
        <Time value={session.lastEventAt} />
      </Fact>
      <Fact name="Ended">
        {session.endedAt === null ? (
          'still open'
        ) : (
          <>
            <Time value={session.endedAt} />
            <span className="faint">
              {', '}
              <Visible text={endingOf(session.endReason, session.endedBy)} />
            </span>
          </>
        )}
      </Fact>
    </Facts>
  );
}
