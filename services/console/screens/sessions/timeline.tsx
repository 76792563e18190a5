import { useEffect, useRef } from 'react';
import type { GetSessionsByIdResponse } from '../../api/gen/types.gen.js';
import { Button } from '../../ui/button.js';
import { Section } from '../../ui/facts.js';
import { Sql } from '../../ui/sql.js';
import { Empty, Failure, Loading } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { Visible } from '../../ui/visible-text.js';
import { endingOf } from './ending.js';
import type { ReplayEntry, ReplayNote } from './replay.js';
import { ReplayedStatement } from './replayed-statement.js';
import { useReplay } from './use-replay.js';

interface TimelineProps {
  readonly session: GetSessionsByIdResponse;
  /** The statement that a link came for. */
  readonly wanted: string;
}

/** A session as it went. */
export function Timeline({ session, wanted }: TimelineProps) {
  const { entries, state, taken, error, more, again } = useReplay(session.sessionId, wanted);
  useScrollTo(wanted, entries);
  return (
    <Section title="As it went">
      {state === 'reading' && entries.length === 0 && <Loading what="the recording" />}
      {state === 'failed' && <Failure error={error} what="the recording" />}
      {state === 'done' && entries.length === 0 && <Empty title="Nothing is recorded yet" />}
      <ol className="timeline">
        {entries.map((entry) => (
          <li key={entry.id} id={entry.id} className={entry.id === wanted ? 'entry entry-wanted' : 'entry'}>
            <span className="entry-time">
              <Time value={entry.time} as="clock" />
            </span>
            {entry.kind === 'statement' && <ReplayedStatement statement={entry} />}
            {entry.kind === 'note' && <Note note={entry} />}
            {entry.kind === 'end' && <End reason={entry.reason} by={session.endedBy} />}
          </li>
        ))}
      </ol>
      {state === 'more' && <Button onClick={more}>Show what came next</Button>}
      {state === 'done' && session.events > taken && <Button onClick={again}>Show what came since</Button>}
      {state === 'reading' && entries.length > 0 && <Loading what="more" />}
    </Section>
  );
}

function Note({ note }: { readonly note: ReplayNote }) {
  return (
    <div className="entry-body">
      <p>
        <strong>
          <Visible text={note.title} />
        </strong>{' '}
        <span className="faint">
          <Visible text={note.text} />
        </span>
      </p>
      {note.sql !== '' && <Sql text={note.sql} label="Prepared statement" />}
    </div>
  );
}

function End({ reason, by }: { readonly reason: string; readonly by: string }) {
  return (
    <p>
      <strong>Ended</strong>{' '}
      <span className="faint">
        <Visible text={endingOf(reason, by)} />
      </span>
    </p>
  );
}

/** Once: whoever has come to a statement may then scroll as they like. */
function useScrollTo(wanted: string, entries: readonly ReplayEntry[]): void {
  const done = useRef('');
  const isThere = wanted !== '' && entries.some(({ id }) => id === wanted);
  useEffect(() => {
    if (!isThere || done.current === wanted) return;
    done.current = wanted;
    document.getElementById(wanted)?.scrollIntoView({ block: 'center' });
  }, [wanted, isThere]);
}
