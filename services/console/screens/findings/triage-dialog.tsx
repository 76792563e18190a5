import { useMutation, useQueryClient } from '@tanstack/react-query';
import { postFindingsByIdAck } from '../../api/gen/sdk.gen.js';
import { useIdempotencyKey } from '../../app/idempotency-key.js';
import { Dialog } from '../../ui/dialog.js';
import { useNow } from '../../ui/now.js';
import { ReasonForm } from '../../ui/reason-form.js';
import { Time } from '../../ui/time.js';
import { Visible } from '../../ui/visible-text.js';
import { aboutOf, type Finding, type State } from './finding.js';
import { refetchFindings } from './refetch.js';

interface TriageDialogProps {
  readonly finding: Finding;
  readonly state: State;
  readonly onClose: () => void;
}

const words: Readonly<
  Record<State, { readonly title: string; readonly act: string; readonly what: string }>
> = {
  acknowledged: {
    title: 'Acknowledge this finding?',
    act: 'Acknowledge',
    what: 'Somebody looks at it, or it was real. Its risk still counts, and a quarantine stands until it is lifted.',
  },
  false_alarm: {
    title: 'Is this a false alarm?',
    act: 'Call it a false alarm',
    what: 'It was nothing: its risk, and the quarantine that its rule set, count no longer, at once.',
  },
  open: {
    title: 'Reopen this finding?',
    act: 'Reopen',
    what: 'It is to be looked at again, and its risk counts again. The quarantine that its rule set does not come back.',
  },
};

/** Whoever forgives what goes on is told how long that is good for. */
function MoreOf({ finding: { windowEnd } }: { readonly finding: Finding }) {
  if (Date.parse(windowEnd) <= useNow(10_000)) return null;
  return (
    <>
      {' Its window lasts until '}
      <Time value={windowEnd} />: more of the same until then is this finding, and raises nothing.
    </>
  );
}

/** A person's word on a finding, with the reason. */
export function TriageDialog({ finding, state, onClose }: TriageDialogProps) {
  const queryClient = useQueryClient();
  const keyOf = useIdempotencyKey();
  const { title, act, what } = words[state];
  const say = useMutation({
    mutationFn: (reason: string) =>
      postFindingsByIdAck({
        path: { id: finding.id },
        body: { state, reason },
        headers: { 'Idempotency-Key': keyOf({ state, reason }) },
      }),
    onSuccess: onClose,
    onSettled: () => refetchFindings(queryClient),
  });
  const description = (
    <>
      <Visible text={finding.title} />, <Visible text={aboutOf(finding)} />. {what}
      {state === 'false_alarm' && <MoreOf finding={finding} />}
    </>
  );
  return (
    <Dialog open onClose={onClose} title={title} description={description}>
      <ReasonForm
        label="Reason"
        most={500}
        oneLine
        note="It goes into the record, with your name."
        needed="Say why: it goes into the record."
        act={act}
        look="primary"
        busy={say.isPending}
        error={say.error}
        onCancel={onClose}
        onConfirm={say.mutate}
      />
    </Dialog>
  );
}
