import { Section } from '../../ui/facts.js';
import { CopyButton } from '../../ui/copy-button.js';
import { Sql } from '../../ui/sql.js';
import { piecesOf } from '../../ui/visible.js';
import { visiblePieces } from '../../ui/visible-text.js';
import type { ApprovalDetail } from './approval.js';

/** What exactly would run, with its values; afterwards only what the record keeps. */
export function ExactStatement({ approval }: { readonly approval: ApprovalDetail }) {
  const { exact, status } = approval;
  return (
    <Section
      title={exact ? 'Exactly this would run' : 'The statement'}
      aside={<CopyButton text={textOf(approval)} what="the statement" />}
    >
      <StatementToRead approval={approval} label="Statement" />
      {!exact && (
        <p className="faint">
          {status === 'pending'
            ? 'The exact text cannot be opened here; values of masked classes are replaced.'
            : 'Values of masked classes are replaced: the exact text was destroyed when this was settled.'}
        </p>
      )}
    </Section>
  );
}

interface StatementToReadProps {
  readonly approval: ApprovalDetail;
  readonly label: string;
}

/** Text and values, and a warning before what deceives the eye. */
export function StatementToRead({ approval, label }: StatementToReadProps) {
  const text = textOf(approval);
  const escapes = piecesOf(text).filter(({ kind }) => kind === 'escape').length;
  const values = approval.exact?.parameters ?? [];
  return (
    <>
      {escapes > 0 && (
        <p className="notice notice-bad">
          {escapes === 1 ? 'One character' : `${escapes} characters`} in this text would not be seen, or would
          reorder what you read. They are shown as escapes.
        </p>
      )}
      <Sql text={text} label={label} />
      {values.length > 0 && <Parameters values={values} />}
    </>
  );
}

function textOf({ exact, text }: ApprovalDetail): string {
  return exact?.text ?? text;
}

function Parameters({ values }: { readonly values: readonly (string | null)[] }) {
  return (
    <table className="parameters">
      <caption>Parameters</caption>
      <tbody>
        {values.map((value, i) => (
          <tr key={i}>
            <th scope="row">${i + 1}</th>
            <td>
              {value === null ? (
                <span className="null">NULL</span>
              ) : (
                <span className="value">
                  {value === '' ? <span className="null">empty</span> : visiblePieces(value, false)}
                </span>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
