import { useId, useState, type KeyboardEvent, type ReactNode } from 'react';
import { ApiProblem } from '../app/problem.js';
import { Button } from './button.js';
import { Visible } from './visible-text.js';

interface ReasonFormProps {
  readonly label: string;
  /** What becomes of the reason. */
  readonly note: string;
  /** What is said when it is missing; absent: it may be. */
  readonly needed?: string;
  /** Characters that the gate takes. */
  readonly most: number;
  /** The gate takes no line breaks, nor other control characters: each becomes a space. */
  readonly oneLine?: boolean;
  readonly act: ReactNode;
  readonly look: 'primary' | 'danger';
  readonly busy: boolean;
  readonly error: Error | null;
  /** What is chosen before one says why; the keyboard begins there. */
  readonly before?: ReactNode;
  readonly onCancel: () => void;
  readonly onConfirm: (reason: string) => void;
}

/** Something that one confirms with a reason; Ctrl+Enter confirms. */
export function ReasonForm({
  label,
  note,
  needed,
  most,
  oneLine = false,
  act,
  look,
  busy,
  error,
  before,
  onCancel,
  onConfirm,
}: ReasonFormProps) {
  const [reason, setReason] = useState('');
  const [missing, setMissing] = useState(false);
  const field = useId();
  const confirm = () => {
    const given = reason.trim();
    if (needed !== undefined && given === '') setMissing(true);
    else if (!busy) onConfirm(given);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    confirm();
  };
  return (
    <form onSubmit={(event) => (event.preventDefault(), confirm())}>
      {before}
      <label htmlFor={field}>{label}</label>
      <textarea
        id={field}
        rows={3}
        maxLength={most}
        autoFocus={before === undefined}
        value={reason}
        aria-invalid={missing}
        aria-describedby={`${field}-note`}
        onKeyDown={onKey}
        onChange={({ target }) => (
          setReason(oneLine ? inOneLine(target.value) : target.value),
          setMissing(false)
        )}
      />
      <p id={`${field}-note`} className={missing ? 'field-error' : 'faint'}>
        {missing ? needed : note} {oneLine ? 'One line, at' : 'At'} most {most} characters
        {reason.length >= most && ', which are all there: what was more is cut'}.
      </p>
      {error && <Refused error={error} />}
      <div className="dialog-actions">
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" look={look} disabled={busy}>
          {busy ? 'Sending…' : act} <kbd>Ctrl ⏎</kbd>
        </Button>
      </div>
    </form>
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

function inOneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}
