import { Section } from '../../ui/facts.js';
import { Tag } from '../../ui/tag.js';
import { Time } from '../../ui/time.js';
import { Visible } from '../../ui/visible-text.js';
import type { ApprovalDetail } from './approval.js';

/** Whose yes it takes, and what has been said so far. */
export function Decisions({ approval }: { readonly approval: ApprovalDetail }) {
  const { approverGroups, quorum, approvals } = approval;
  return (
    <Section title="Approvals">
      <p>
        {quorum > 1 ? `${quorum} people` : 'One person'} of <Visible text={approverGroups.join(' and ')} />
        {approverGroups.length > 1 ? ', each group once' : ''}; never whoever asks, nor the person it acts
        for.
      </p>
      {approvals.length > 0 && (
        <ul className="said">
          {approvals.map(({ by, decision, reason, at }) => (
            <li key={by + at}>
              <Tag tone={decision === 'approve' ? 'good' : 'bad'}>
                {decision === 'approve' ? 'Yes' : 'No'}
              </Tag>
              <span>
                <Visible text={by} />
                {reason !== '' && (
                  <>
                    {': '}
                    <Visible text={reason} lines />
                  </>
                )}{' '}
                <span className="faint">
                  <Time value={at} />
                </span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
