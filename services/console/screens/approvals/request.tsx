import { Link } from '@tanstack/react-router';
import { useHas } from '../../app/me.js';
import { plain } from '../../ui/amounts.js';
import { Fact, Facts, Section } from '../../ui/facts.js';
import { Tag } from '../../ui/tag.js';
import { Time } from '../../ui/time.js';
import { Visible } from '../../ui/visible-text.js';
import { Words } from '../../ui/words.js';
import { Activity } from './activity.js';
import { requesterOf, statusOf, type ApprovalDetail } from './approval.js';
import { Decisions } from './decisions.js';
import { ExactStatement } from './exact-statement.js';
import { TimeLeft } from './time-left.js';

/** One request: what would run, what it touches, who asks, and what has been said to it. */
export function Request({ approval }: { readonly approval: ApprovalDetail }) {
  return (
    <>
      <Head approval={approval} />
      <ExactStatement approval={approval} />
      <div className="columns">
        <Touched approval={approval} />
        <Who approval={approval} />
      </div>
      <Decisions approval={approval} />
      <Activity approval={approval} />
    </>
  );
}

function Head({ approval }: { readonly approval: ApprovalDetail }) {
  const [tone, word] = statusOf(approval);
  return (
    <header className="request-head">
      <div className="request-title">
        <h2 className="title">
          <Visible text={approval.kind} /> on <Visible text={approval.connection} />
        </h2>
        <Tag tone={tone}>{word}</Tag>
        {approval.status === 'pending' && <TimeLeft until={approval.expiresAt} />}
      </div>
      <p className="lead">
        <Visible text={approval.reason} />
      </p>
      <p className="faint">
        Asked <Time value={approval.requestedAt} />.{' '}
        {approval.mode === 'wait'
          ? 'The client waits a while for the answer; approved later, it runs when it is sent again.'
          : 'Approved, it runs when it is sent again.'}
      </p>
    </header>
  );
}

function Touched({ approval: { tables, classes, estimate } }: { readonly approval: ApprovalDetail }) {
  return (
    <Section title="What it touches">
      <Facts>
        <Fact name="Tables">
          <Words words={tables} none="none" />
        </Fact>
        <Fact name="Data classes">
          <Words words={classes} none="none that are masked" />
        </Fact>
        <Fact name="Rows, as the database expects">
          <Estimate estimate={estimate} />
        </Fact>
      </Facts>
    </Section>
  );
}

function Estimate({ estimate }: Pick<ApprovalDetail, 'estimate'>) {
  if (!estimate) return <span className="faint">not asked</span>;
  if ('unavailable' in estimate)
    return (
      <span className="faint">
        <Visible text={estimate.unavailable} />
      </span>
    );
  return (
    <>
      about <strong>{plain(estimate.rows)}</strong>
      <span className="faint"> (cost {plain(estimate.cost)})</span>
    </>
  );
}

function Who({ approval }: { readonly approval: ApprovalDetail }) {
  const { requester, source, sessionId } = approval;
  const maySeeSessions = useHas('auditor', 'security');
  return (
    <Section title="Who asks">
      <Facts>
        <Fact name={requester.kind === 'agent' ? 'Agent' : 'Person'}>
          <strong>
            <Visible text={requesterOf(approval)} />
          </strong>{' '}
          <span className="faint">
            <Visible text={requester.id} />
          </span>
        </Fact>
        <Fact name="In the name of">
          {requester.onBehalfOf ? (
            <Visible text={requester.onBehalfOf} />
          ) : (
            <span className="faint">nobody else</span>
          )}
        </Fact>
        <Fact name="From">
          <Visible text={source.address} />
          {source.program !== '' && (
            <span className="faint">
              , says it is <Visible text={source.program} />
            </span>
          )}
        </Fact>
        {maySeeSessions && (
          <Fact name="Session">
            <Link to="/sessions/$id" params={{ id: sessionId }}>
              What it did before
            </Link>
          </Fact>
        )}
      </Facts>
    </Section>
  );
}
