import { Link } from '@tanstack/react-router';
import { Fact, Facts, Section } from '../../ui/facts.js';
import { Time } from '../../ui/time.js';
import { Visible } from '../../ui/visible-text.js';
import { linksOf, measured, stateOf, techniquePage, type Finding } from './finding.js';

/** Whom it is about, when, and which detector says so. */
export function What({ finding }: { readonly finding: Finding }) {
  const { identity, onBehalfOf, connection, subject, windowStart, windowEnd } = finding;
  return (
    <Section title="What it is about">
      <Facts>
        <Fact name="Identity">
          <OrNothing text={identity} nothing="nobody in particular" />
          {identity !== '' && (
            <>
              {', '}
              <Link to="/findings" search={{ identity }}>
                its findings
              </Link>
            </>
          )}
        </Fact>
        <Fact name="In the name of">
          <OrNothing text={onBehalfOf} nothing="nobody else" />
        </Fact>
        <Fact name="Connection">
          <OrNothing text={connection} nothing="none in particular" />
        </Fact>
        <Fact name="Subject">
          <OrNothing text={subject} nothing="none" />
        </Fact>
        <Fact name="Window">
          <Time value={windowStart} /> to <Time value={windowEnd} />
        </Fact>
        <Fact name="Raised">
          <Time value={finding.raisedAt} />
        </Fact>
        <Fact name="Incident">
          <Link to="/findings" search={{ incident: finding.incident }}>
            all findings of it
          </Link>
        </Fact>
        <DetectorFacts finding={finding} />
      </Facts>
    </Section>
  );
}

function DetectorFacts({ finding: { id, detector, version, technique } }: { readonly finding: Finding }) {
  const page = techniquePage(technique);
  return (
    <>
      <Fact name="Detector">
        <Visible text={detector} />{' '}
        <span className="faint">
          version <Visible text={version.slice(0, 12)} />
        </span>
      </Fact>
      <Fact name="ATT&amp;CK technique">
        {page === undefined ? (
          <OrNothing text={technique} nothing="none is named" />
        ) : (
          <a href={page} rel="noreferrer">
            {technique}
          </a>
        )}
      </Fact>
      <Fact name="Finding">
        <code>
          <Visible text={id} />
        </code>
      </Fact>
    </>
  );
}

function OrNothing({ text, nothing }: { readonly text: string; readonly nothing: string }) {
  return text === '' ? <span className="faint">{nothing}</span> : <Visible text={text} />;
}

/** The numbers behind the words. */
export function Measures({ finding: { measures } }: { readonly finding: Finding }) {
  const all = Object.entries(measures);
  return (
    <Section title="Measures">
      {all.length === 0 && <p className="faint">None beside the words.</p>}
      <dl className="facts">
        {all.map(([name, value]) => (
          <Fact key={name} name={<Visible text={name.replaceAll('_', ' ')} />}>
            {measured(value)}
          </Fact>
        ))}
      </dl>
    </Section>
  );
}

/** Where one sees for oneself: each session, and in it the statements as they went. */
export function Behind({ finding }: { readonly finding: Finding }) {
  const sessions = linksOf(finding);
  if (sessions.length === 0) return <p className="faint">No session is behind it.</p>;
  return (
    <ul className="behind" aria-label="Sessions and statements behind it">
      {sessions.map(({ sessionId, statementIds }) => (
        <li key={sessionId}>
          <Link to="/sessions/$id" params={{ id: sessionId }}>
            <Visible text={sessionId} />
          </Link>
          {statementIds.length > 0 && (
            <span className="behind-statements">
              {statementIds.length === 1 ? 'its statement' : 'its statements'}
              {statementIds.map((id) => (
                <Link key={id} to="/sessions/$id" params={{ id: sessionId }} hash={id}>
                  <Visible text={id.slice(sessionId.length + 1) || id} />
                </Link>
              ))}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

const risks = new Map([
  ['none', 'none: nothing changes for the identity'],
  ['watch', 'watch'],
  ['high', 'high'],
]);

/** What it does, and what a person said to it. */
export function Said({ finding }: { readonly finding: Finding }) {
  const { risk, riskUntil, quarantine, state, stateBy, stateReason, stateAt } = finding;
  return (
    <Section title="What it does">
      <Facts>
        <Fact name="Risk">
          <Visible text={risks.get(risk) ?? risk} />
          {risk !== 'none' && (
            <>
              {' until '}
              <Time value={riskUntil} />
              {state === 'false_alarm' && (
                <span className="faint">; as a false alarm it counts no longer</span>
              )}
            </>
          )}
        </Fact>
        {quarantine !== '' && (
          <Fact name="Its rule set a quarantine">
            <Visible text={quarantine.replaceAll('_', ' ')} />
          </Fact>
        )}
        <Fact name="Said of it">
          {stateBy === '' ? (
            <span className="faint">nothing yet</span>
          ) : (
            <>
              <strong>
                <Visible text={stateOf(state)[1]} />
              </strong>
              {' by '}
              <Visible text={stateBy} />
              {stateAt !== null && (
                <>
                  {', '}
                  <Time value={stateAt} />
                </>
              )}
              {': '}
              <Visible text={stateReason} />
            </>
          )}
        </Fact>
      </Facts>
    </Section>
  );
}
