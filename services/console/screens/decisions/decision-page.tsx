import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { getDecisionsByIdOptions } from '../../api/gen/@tanstack/react-query.gen.js';
import { useHas } from '../../app/me.js';
import { usePageTitle } from '../../app/page-title.js';
import { ApiProblem, mayPass } from '../../app/problem.js';
import { CopyButton } from '../../ui/copy-button.js';
import { Section } from '../../ui/facts.js';
import { Sql } from '../../ui/sql.js';
import { Failure, Loading } from '../../ui/states.js';
import { DecisionTag } from '../../ui/tag.js';
import { Time } from '../../ui/time.js';
import { Visible } from '../../ui/visible-text.js';
import { Became, Masks, Policies, StatementFacts, type Decision } from './decision-facts.js';
import './decisions.css';

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
  const maySeeRequests = useHas('approver');
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
          Name this decision’s id to them; an auditor or security can open this page.
        </p>
      )}
      {approvalId !== '' && (
        <p>
          {decision === 'hold' ? 'An approver decides it: ' : 'It ran with an approval: '}
          {maySeeRequests ? (
            <Link to="/approvals/$id" params={{ id: approvalId }}>
              the request
            </Link>
          ) : (
            <>
              request <code>{approvalId}</code>
            </>
          )}
        </p>
      )}
    </section>
  );
}
