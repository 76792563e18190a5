import { useMutation, useQueryClient } from '@tanstack/react-query';
import { postApprovalsByIdDecision } from '../../api/gen/sdk.gen.js';
import { useIdempotencyKey } from '../../app/idempotency-key.js';
import { Dialog } from '../../ui/dialog.js';
import { ReasonForm } from '../../ui/reason-form.js';
import { Visible } from '../../ui/visible-text.js';
import { requesterOf, type ApprovalDetail } from './approval.js';
import { StatementToRead } from './exact-statement.js';
import { refetchApprovals } from './inbox.js';

export type Choice = 'approve' | 'deny';

interface DecisionDialogProps {
  readonly approval: ApprovalDetail;
  readonly choice: Choice;
  readonly onClose: () => void;
}

const words = {
  approve: { title: 'Approve this statement?', act: 'Approve', label: 'Reason (optional)', look: 'primary' },
  deny: { title: 'Deny this statement?', act: 'Deny', label: 'Reason', look: 'danger' },
} as const;

/** A yes or no with its reason, beside what it is given to. Whoever is told no reads why. */
export function DecisionDialog({ approval, choice, onClose }: DecisionDialogProps) {
  const { title, ...form } = words[choice];
  const decide = useDecide(approval.id, choice, onClose);
  return (
    <Dialog open onClose={onClose} title={title} description={<What approval={approval} />}>
      <div className="dialog-read">
        <StatementToRead approval={approval} label="What you decide on" />
      </div>
      <ReasonForm
        {...form}
        {...(choice === 'deny' ? { needed: 'Say why: whoever asked reads it.' } : {})}
        most={2000}
        note="It goes into the record and to whoever asked."
        busy={decide.isPending}
        error={decide.error}
        onCancel={onClose}
        onConfirm={decide.mutate}
      />
    </Dialog>
  );
}

function useDecide(id: string, decision: Choice, onDone: () => void) {
  const queryClient = useQueryClient();
  const keyOf = useIdempotencyKey();
  return useMutation({
    mutationFn: (reason: string) =>
      postApprovalsByIdDecision({
        path: { id },
        body: { decision, reason },
        headers: { 'Idempotency-Key': keyOf({ decision, reason }) },
      }),
    onSuccess: onDone,
    onSettled: () => refetchApprovals(queryClient),
  });
}

function What({ approval }: { readonly approval: ApprovalDetail }) {
  return (
    <>
      <Visible text={approval.kind} /> on <Visible text={approval.connection} />, asked by{' '}
      <Visible text={requesterOf(approval)} />
    </>
  );
}
