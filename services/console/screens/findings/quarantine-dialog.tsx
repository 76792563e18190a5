import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { postIdentitiesByIdQuarantine } from '../../api/gen/sdk.gen.js';
import { useIdempotencyKey } from '../../app/idempotency-key.js';
import { ApiProblem } from '../../app/problem.js';
import { Dialog } from '../../ui/dialog.js';
import { ReasonForm } from '../../ui/reason-form.js';
import { Visible } from '../../ui/visible-text.js';
import { levels, levelWords, type Level, type Quarantine } from './levels.js';
import { refetchFindings } from './refetch.js';

interface QuarantineDialogProps {
  readonly identity: string;
  readonly standing: Quarantine | undefined;
  readonly findingId: string | undefined;
  readonly onClose: () => void;
}

/** Puts an identity in quarantine; its reason is read by whoever is refused. */
export function QuarantineDialog({ identity, standing, findingId, onClose }: QuarantineDialogProps) {
  const [level, setLevel] = useState<Level>(standing?.level ?? 'watch');
  const [unseen, setUnseen] = useState(false);
  const set = useSet({ identity, level, findingId, unseen, onDone: onClose });
  const isUnheardOf = set.error instanceof ApiProblem && set.error.code === 'NOT_FOUND';
  const description = (
    <>
      It holds within a second, on open sessions too, for <Visible text={identity} /> and whoever acts in its
      name, until somebody lifts it.{standing && ' It takes the place of the one that stands.'}
    </>
  );
  return (
    <Dialog open onClose={onClose} title="Put in quarantine?" description={description}>
      <ReasonForm
        label="Reason"
        most={500}
        oneLine
        note="Whoever is refused reads it, and it goes into the record."
        needed="Say why: whoever is refused reads it."
        act={level === 'blocked' ? 'Block' : 'Put in quarantine'}
        look="danger"
        busy={set.isPending}
        error={set.error}
        onCancel={onClose}
        onConfirm={set.mutate}
        before={
          <>
            <Levels level={level} onChoose={setLevel} />
            {(isUnheardOf || unseen) && <Unseen checked={unseen} onChange={setUnseen} />}
          </>
        }
      />
    </Dialog>
  );
}

interface Wanted {
  readonly identity: string;
  readonly level: Level;
  readonly findingId: string | undefined;
  readonly unseen: boolean;
  readonly onDone: () => void;
}

function useSet({ identity, level, findingId, unseen, onDone }: Wanted) {
  const queryClient = useQueryClient();
  const keyOf = useIdempotencyKey();
  return useMutation({
    mutationFn: (reason: string) => {
      const body = {
        ...{ level, reason },
        ...(findingId === undefined ? {} : { findingId }),
        ...(unseen ? { unseen } : {}),
      };
      const headers = { 'Idempotency-Key': keyOf(body) };
      return postIdentitiesByIdQuarantine({ path: { id: identity }, body, headers });
    },
    onSuccess: onDone,
    onSettled: () => refetchFindings(queryClient),
  });
}

interface UnseenProps {
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

/** Shown once the gate has said that it knows nobody of that name. */
function Unseen({ checked, onChange }: UnseenProps) {
  const box = useId();
  return (
    <div className="level">
      <input type="checkbox" id={box} checked={checked} onChange={({ target }) => onChange(target.checked)} />
      <label htmlFor={box}>It is spelt right: hold it from its first session on</label>
    </div>
  );
}

interface LevelsProps {
  readonly level: Level;
  readonly onChoose: (level: Level) => void;
}

/** The browser's own choice of one: arrow keys move in it. */
function Levels({ level, onChoose }: LevelsProps) {
  const name = useId();
  return (
    <fieldset className="levels">
      <legend className="label">Level</legend>
      {levels.map((each) => {
        const { word, does } = levelWords(each);
        return (
          <div key={each} className="level">
            <input
              type="radio"
              id={`${name}-${each}`}
              name={name}
              checked={each === level}
              aria-describedby={`${name}-${each}-does`}
              onChange={() => onChoose(each)}
            />
            <label htmlFor={`${name}-${each}`}>{word}</label>
            <span id={`${name}-${each}-does`} className="faint">
              {does}
            </span>
          </div>
        );
      })}
    </fieldset>
  );
}
