import { useQueryClient } from '@tanstack/react-query';
import { useMutation } from '@tanstack/react-query';
import { useId, useRef, useState, type KeyboardEvent } from 'react';
import { postApprovalsByIdDecision } from '../../api/gen/sdk.gen.js';
import { ApiProblem } from '../../app/problem.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Visible } from '../../ui/visible-text.js';
import { requesterOf, type ApprovalDetail } from './approval.js';
import { refetchApprovals } from './inbox.js';

export type Choice = 'approve' | 'deny';

interface DecisionDialogProps {
  readonly approval: ApprovalDetail;
  readonly choice: Choice;
  readonly onClose: () => void;
}

const words = {
  approve: { title: 'Approve this statement?', act: 'Approve', reason: 'Reason (optional)' },
  deny: { title: 'Deny this statement?', act: 'Deny', reason: 'Reason' },
} as const;

/** A yes or no with its reason; Ctrl+Enter confirms. Pressed twice, it counts once: the key is made once. */
export function DecisionDialog({ approval, choice, onClose }: DecisionDialogProps) {
  const { title, act, reason: label } = words[choice];
  const [reason, setReason] = useState('');
  const [missing, setMissing] = useState(false);
  const field = useId();
  const decide = useDecide(approval.id, choice, onClose);
  const confirm = () => {
    if (choice === 'deny' && reason.trim() === '') return setMissing(true);
    if (!decide.isPending) decide.mutate(reason.trim());
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    confirm();
  };
  return (
    <Dialog open onClose={onClose} title={title} description={<What approval={approval} />}>
      <form onKeyDown={onKey} onSubmit={(event) => (event.preventDefault(), confirm())}>
        <label htmlFor={field}>{label}</label>
        <textarea
          id={field}
          rows={3}
          maxLength={2000}
          autoFocus
          value={reason}
          aria-invalid={missing}
          aria-describedby={`${field}-note`}
          onChange={({ target }) => (setReason(target.value), setMissing(false))}
        />
        <p id={`${field}-note`} className={missing ? 'field-error' : 'faint'}>
          {missing ? 'Say why: whoever asked reads it.' : 'It goes into the record and to whoever asked.'}
        </p>
        {decide.isError && <Refused error={decide.error} />}
        <div className="dialog-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            look={choice === 'approve' ? 'primary' : 'danger'}
            disabled={decide.isPending}
          >
            {decide.isPending ? 'Sending…' : act} <kbd>Ctrl ⏎</kbd>
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function useDecide(id: string, decision: Choice, onDone: () => void) {
  const queryClient = useQueryClient();
  const key = useRef(crypto.randomUUID());
  return useMutation({
    mutationFn: (reason: string) =>
      postApprovalsByIdDecision({
        path: { id },
        body: { decision, reason },
        headers: { 'Idempotency-Key': key.current },
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

function Refused({ error }: { readonly error: Error }) {
  return (
    <p className="notice notice-bad" role="alert">
      <Visible text={error.message} />
      {error instanceof ApiProblem && error.hint !== undefined && (
        <>
          {' '}
          <Visible text={error.hint} />
        </>
      )}
    </p>
  );
}
