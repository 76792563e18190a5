import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { getDecisionsByIdOptions } from '../../api/gen/@tanstack/react-query.gen.js';
import type { GetDecisionsByIdResponse } from '../../api/gen/types.gen.js';
import { useHas } from '../../app/me.js';
import { usePageTitle } from '../../app/page-title.js';
import { ApiProblem, mayPass } from '../../app/problem.js';
import { bytes, count, duration } from '../../ui/amounts.js';
import { CopyButton } from '../../ui/copy-button.js';
import { Fact, Facts, Section } from '../../ui/facts.js';
import { Sql } from '../../ui/sql.js';
import { Failure, Loading } from '../../ui/states.js';
import { DecisionTag } from '../../ui/tag.js';
import { Time } from '../../ui/time.js';
import { Visible } from '../../ui/visible-text.js';
import './decisions.css';

type Decision = GetDecisionsByIdResponse;

/** Records reach the audit store within moments: whoever follows a fresh error's link waits for its decision. */
const patience = 4;

/** The page that a refusal's hint names: what was decided on a statement, why, and what to ask for. */
export function DecisionPage() {
  const { id = '' }: { readonly id?: string } = useParams({ strict: false });
  const decision = useQuery({
    ...getDecisionsByIdOptions({ path: { id } }),
    retry: (failures, error) => failures < patience && (isMissing(error) || mayPass(error)),
    retryDelay: 1000,
  });
  usePageTitle('Decision');
  return (
    <article className="page narrow decision">
      {decision.isPending && <Loading what="the decision" />}
      {decision.isError && (
        <Failure error={decision.error} what="this decision" retry={() => void decision.refetch()} />
      )}
      {isMissing(decision.error) && (
        <p className="faint">
          Only whoever ran the statement, security and auditors see what was decided on it.
        </p>
      )}
      {decision.data && <Shown decision={decision.data} />}
    </article>
  );
}

function isMissing(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 404;
}

function Shown({ decision }: { readonly decision: Decision }) {
  return (
    <>
      <Head decision={decision} />
      <NextStep decision={decision} />
      <Section title="The statement" aside={<CopyButton text={decision.text} what="the statement" />}>
        <Sql text={decision.text} label="Statement" />
        <p className="faint">As recorded: values of masked classes are replaced.</p>
      </Section>
      <Section title={decision.decision === 'allow' ? 'What it does' : 'What it would do'}>
        <StatementFacts decision={decision} />
      </Section>
      <Section title="What decided">
        <Policies decision={decision} />
      </Section>
      <Masks decision={decision} />
      <Became decision={decision} />
    </>
  );
}

function Head({ decision }: { readonly decision: Decision }) {
  return (
    <header>
      <p className="decision-top">
        <DecisionTag decision={decision.decision} />
        <span className="faint">
          <Time value={decision.time} />
        </span>
      </p>
      <h1>
        <Visible text={decision.reason || words[decision.decision] || 'Decided'} />
      </h1>
      <p className="faint">
        <Visible text={decision.identity} />
        {decision.onBehalfOf !== '' && (
          <>
            {' for '}
            <Visible text={decision.onBehalfOf} />
          </>
        )}{' '}
        on <Visible text={decision.connection} />
      </p>
    </header>
  );
}

const words: Readonly<Record<string, string>> = {
  allow: 'The statement was allowed',
  deny: 'The statement was refused',
  hold: 'The statement waited for a person',
};

function NextStep({ decision: { decision, ask, approvalId } }: { readonly decision: Decision }) {
  if (decision === 'allow' && approvalId === '') return null;
  return (
    <section className="next-step" aria-label="What to do">
      {decision === 'deny' && (
        <p>
          <strong>What to ask for: </strong>
          {ask ? (
            <>
              ask <Visible text={ask} />, the owner of this connection, to run it or to change the policy
              below.
            </>
          ) : (
            'ask whoever owns this connection to run it, or to change the policy below.'
          )}{' '}
          Give them this page’s address.
        </p>
      )}
      {approvalId !== '' && (
        <p>
          {decision === 'hold' ? 'An approver decides it: ' : 'It ran with an approval: '}
          <Link to="/approvals/$id" params={{ id: approvalId }}>
            the request
          </Link>
        </p>
      )}
    </section>
  );
}

function StatementFacts({ decision }: { readonly decision: Decision }) {
  const maySeeSessions = useHas('auditor', 'security');
  return (
    <Facts>
      <Fact name="Kind">
        <Visible text={decision.kinds.join(', ') || 'not understood'} />
      </Fact>
      <Fact name="Reads">
        <Names names={decision.tablesRead} />
      </Fact>
      <Fact name="Writes">
        <Names names={decision.tablesWritten} />
      </Fact>
      <Fact name="Session">
        {maySeeSessions ? (
          <Link to="/sessions/$id" params={{ id: decision.sessionId }} hash={decision.id}>
            {decision.sessionId}
          </Link>
        ) : (
          <code>{decision.sessionId}</code>
        )}
      </Fact>
      <Fact name="Decision">
        <code>{decision.id}</code>
      </Fact>
    </Facts>
  );
}

function Names({ names }: { readonly names: readonly string[] }) {
  if (names.length === 0) return <span className="faint">nothing</span>;
  return (
    <ul className="words">
      {names.map((name) => (
        <li key={name}>
          <code>
            <Visible text={name} />
          </code>
        </li>
      ))}
    </ul>
  );
}

function Policies({ decision: { policyIds, snapshot } }: { readonly decision: Decision }) {
  return (
    <Facts>
      <Fact name={policyIds.length === 1 ? 'Policy' : 'Policies'}>
        {policyIds.length > 0 ? (
          <Names names={policyIds} />
        ) : (
          <span className="faint">none: what no policy permits is refused</span>
        )}
      </Fact>
      <Fact name="Version in force">
        <code>
          <Visible text={snapshot || 'none'} />
        </code>
      </Fact>
    </Facts>
  );
}

function Masks({ decision }: { readonly decision: Decision }) {
  const masks =
    decision.masks ??
    Object.entries(decision.outcome?.masked ?? {}).map(([name, values]) => ({ class: name, values }));
  if (masks.length === 0) return null;
  return (
    <Section title="Masks">
      <ul className="words">
        {masks.map((mask) => (
          <li key={mask.class}>
            <Visible text={mask.class} /> <span className="faint">{count(mask.values, 'value')}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Became({ decision: { hold, outcome } }: { readonly decision: Decision }) {
  if (!hold && !outcome) return null;
  return (
    <Section title="What became of it">
      <Facts>
        {hold && (
          <Fact name="Held">
            <Visible text={hold.outcome} /> after {duration(hold.waitedUs)}
            {hold.decidedBy.length > 0 && (
              <>
                {', by '}
                <Visible text={hold.decidedBy.join(', ')} />
              </>
            )}
          </Fact>
        )}
        {outcome && (
          <Fact name="Ended">
            <Visible text={outcome.status.replaceAll('_', ' ')} />
            {outcome.rows > 0 && `, ${count(outcome.rows, 'row')}`}
            {outcome.bytes > 0 && `, ${bytes(outcome.bytes)}`}
            {`, after ${duration(outcome.durationUs)}`}
          </Fact>
        )}
        {outcome && outcome.message !== '' && (
          <Fact name="The client was told">
            <code>{outcome.sqlstate}</code> <Visible text={outcome.message} lines />
          </Fact>
        )}
      </Facts>
    </Section>
  );
}
