import { Link } from '@tanstack/react-router';
import type { GetDecisionsByIdResponse } from '../../api/gen/types.gen.js';
import { useHas } from '../../app/me.js';
import { bytes, count, duration } from '../../ui/amounts.js';
import { Fact, Facts, Section } from '../../ui/facts.js';
import { Visible } from '../../ui/visible-text.js';
import { Words } from '../../ui/words.js';

export type Decision = GetDecisionsByIdResponse;

/** What it is and what it touches. */
export function StatementFacts({ decision }: { readonly decision: Decision }) {
  const maySeeSessions = useHas('auditor', 'security');
  return (
    <Facts>
      <Fact name="Kind">
        <Visible text={decision.kinds.join(', ') || 'not understood'} />
      </Fact>
      <Fact name="Reads">
        <Words words={decision.tablesRead} none="nothing" />
      </Fact>
      <Fact name="Writes">
        <Words words={decision.tablesWritten} none="nothing" />
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

/** Which policies said so, of which version. */
export function Policies({ decision: { policyIds, snapshot } }: { readonly decision: Decision }) {
  return (
    <Facts>
      <Fact name={policyIds.length === 1 ? 'Policy' : 'Policies'}>
        <Words words={policyIds} none="none: what no policy permits is refused" />
      </Fact>
      <Fact name="Version in force">
        <code>
          <Visible text={snapshot || 'none'} />
        </code>
      </Fact>
    </Facts>
  );
}

/** What was masked in its result. */
export function Masks({ decision: { masks } }: { readonly decision: Decision }) {
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

/** What a person said to it, and what the client got. */
export function Became({ decision: { hold, outcome } }: { readonly decision: Decision }) {
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
            <code>
              <Visible text={outcome.sqlstate} />
            </code>{' '}
            <Visible text={outcome.message} lines />
          </Fact>
        )}
      </Facts>
    </Section>
  );
}
