import { useMutation, useQueryClient } from '@tanstack/react-query';
import { deleteIdentitiesByIdQuarantine } from '../../api/gen/sdk.gen.js';
import { useIdempotencyKey } from '../../app/idempotency-key.js';
import { Dialog } from '../../ui/dialog.js';
import { ReasonForm } from '../../ui/reason-form.js';
import { Visible } from '../../ui/visible-text.js';
import { levelWords, type Quarantine } from './levels.js';
import { refetchFindings } from './refetch.js';

interface LiftDialogProps {
  readonly quarantine: Quarantine;
  readonly onClose: () => void;
}

/** Ends a quarantine, whoever set it. */
export function LiftDialog({ quarantine: { identity, level, reason: why }, onClose }: LiftDialogProps) {
  const queryClient = useQueryClient();
  const keyOf = useIdempotencyKey();
  const lift = useMutation({
    mutationFn: (reason: string) =>
      deleteIdentitiesByIdQuarantine({
        path: { id: identity },
        body: { reason },
        headers: { 'Idempotency-Key': keyOf({ reason }) },
      }),
    onSuccess: onClose,
    onSettled: () => refetchFindings(queryClient),
  });
  const description = (
    <>
      <Visible text={identity} /> is in it (<Visible text={levelWords(level).word} />
      {': '}
      <Visible text={why} />
      ). Lifted, it counts no longer within a second, whoever set it. The risk of findings stays.
    </>
  );
  return (
    <Dialog open onClose={onClose} title="Lift this quarantine?" description={description}>
      <ReasonForm
        label="Reason"
        most={500}
        oneLine
        note="It goes into the record, with your name."
        needed="Say why: it goes into the record."
        act="Lift it"
        look="primary"
        busy={lift.isPending}
        error={lift.error}
        onCancel={onClose}
        onConfirm={lift.mutate}
      />
    </Dialog>
  );
}
