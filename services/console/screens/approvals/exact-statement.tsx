import { Section } from '../../ui/facts.js';
import { CopyButton } from '../../ui/copy-button.js';
import { Sql } from '../../ui/sql.js';
import { piecesOf } from '../../ui/visible.js';
import { visiblePieces } from '../../ui/visible-text.js';
import type { ApprovalDetail } from './approval.js';

/** What exactly would run, with its values; afterwards only what the record keeps. */
export function ExactStatement({ approval: { exact, text, status } }: { readonly approval: ApprovalDetail }) {
  const shown = exact?.text ?? text;
  const escapes = piecesOf(shown).filter(({ kind }) => kind === 'escape').length;
  return (
    <Section
      title={exact ? 'Exactly this would run' : 'The statement'}
      aside={<CopyButton text={shown} what="the statement" />}
    >
      {escapes > 0 && (
        <p className="notice notice-bad">
          {escapes === 1 ? 'One character' : `${escapes} characters`} in this text would not be seen, or would
          reorder what you read. They are shown as escapes.
        </p>
      )}
      <Sql text={shown} label="Statement" />
      {exact && exact.parameters.length > 0 && <Parameters values={exact.parameters} />}
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
