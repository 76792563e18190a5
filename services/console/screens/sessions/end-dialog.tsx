import { useMutation, useQueryClient } from '@tanstack/react-query';
import { getSessionsByIdQueryKey } from '../../api/gen/@tanstack/react-query.gen.js';
import { deleteSessionsById } from '../../api/gen/sdk.gen.js';
import { useIdempotencyKey } from '../../app/idempotency-key.js';
import { Dialog } from '../../ui/dialog.js';
import { ReasonForm } from '../../ui/reason-form.js';
import { Visible } from '../../ui/visible-text.js';
import type { Session } from './session-table.js';

interface EndDialogProps {
  readonly session: Session;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Ends somebody's session: what it runs is cancelled, and the client is told so, and why. */
export function EndDialog({ session, onClose, onDone }: EndDialogProps) {
  const queryClient = useQueryClient();
  const path = { id: session.sessionId };
  const keyOf = useIdempotencyKey();
  const end = useMutation({
    mutationFn: (reason: string) =>
      deleteSessionsById({ path, body: { reason }, headers: { 'Idempotency-Key': keyOf({ reason }) } }),
    onSuccess: onDone,
    onSettled: () => queryClient.invalidateQueries({ queryKey: getSessionsByIdQueryKey({ path }) }),
  });
  const what = (
    <>
      <Visible text={session.identity} /> on <Visible text={session.connection} /> is disconnected; a
      transaction that is open is rolled back.
    </>
  );
  return (
    <Dialog open onClose={onClose} title="End this session?" description={what}>
      <ReasonForm
        label="Reason"
        most={500}
        oneLine
        note="The client reads it, and it goes into the record."
        needed="Say why: it goes into the record."
        act="End the session"
        look="danger"
        busy={end.isPending}
        error={end.error}
        onCancel={onClose}
        onConfirm={end.mutate}
      />
    </Dialog>
  );
}
