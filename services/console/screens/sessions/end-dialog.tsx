import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useState, type KeyboardEvent } from 'react';
import { getSessionsByIdQueryKey } from '../../api/gen/@tanstack/react-query.gen.js';
import { deleteSessionsById } from '../../api/gen/sdk.gen.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Visible } from '../../ui/visible-text.js';
import type { Session } from './session-table.js';

/** Ends somebody's session: at its next idle point the client is told so, and why. */
export function EndDialog({ session, onClose }: { readonly session: Session; readonly onClose: () => void }) {
  const [reason, setReason] = useState('');
  const [missing, setMissing] = useState(false);
  const field = useId();
  const queryClient = useQueryClient();
  const path = { id: session.sessionId };
  const end = useMutation({
    mutationFn: () => deleteSessionsById({ path, body: { reason: reason.trim() } }),
    onSuccess: onClose,
    onSettled: () => queryClient.invalidateQueries({ queryKey: getSessionsByIdQueryKey({ path }) }),
  });
  const confirm = () => {
    if (reason.trim() === '') return setMissing(true);
    if (!end.isPending) end.mutate();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    confirm();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title="End this session?"
      description={
        <>
          <Visible text={session.identity} /> on <Visible text={session.connection} /> is disconnected; a
          transaction that is open is rolled back.
        </>
      }
    >
      <form onKeyDown={onKey} onSubmit={(event) => (event.preventDefault(), confirm())}>
        <label htmlFor={field}>Reason</label>
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
          {missing ? 'Say why: it goes into the record.' : 'It goes into the record.'}
        </p>
        {end.isError && (
          <p className="notice notice-bad" role="alert">
            <Visible text={end.error.message} />
          </p>
        )}
        <div className="dialog-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="danger" disabled={end.isPending}>
            {end.isPending ? 'Sending…' : 'End the session'} <kbd>Ctrl ⏎</kbd>
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
