import { useState } from 'react';
import { Button } from '../../ui/button.js';
import { count, plain } from '../../ui/amounts.js';
import { Tag } from '../../ui/tag.js';
import { visible } from '../../ui/visible.js';
import { Visible } from '../../ui/visible-text.js';
import type { Result, Value } from './replay.js';

const atFirst = 10;

/** Rows as the client saw them; on a narrow screen each is a card, so that no column is beyond the edge. */
export function ResultTable({ result, number }: { readonly result: Result; readonly number: number }) {
  const [all, setAll] = useState(false);
  const { columns, rows, total } = result;
  if (rows.length === 0) return null;
  const shown = all ? rows : rows.slice(0, atFirst);
  const unseen = total - rows.length;
  return (
    <div className="result">
      <div className="result-scroll" tabIndex={0} role="region" aria-label={`Result of statement ${number}`}>
        <table>
          <thead>
            <tr>
              {columns.map(({ name, mask }, i) => (
                <th key={i} scope="col">
                  <Visible text={name} /> {mask !== '' && <Tag tone="waiting">{mask}</Tag>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, i) => (
              <tr key={i}>
                {row.map((value, j) => (
                  <td key={j} data-head={headOf(columns[j])}>
                    <div>
                      <Cell value={value} />
                    </div>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > shown.length && (
        <Button look="quiet" onClick={() => setAll(true)}>
          Show {plain(rows.length - shown.length)} more
        </Button>
      )}
      {(all || rows.length <= atFirst) && unseen > 0 && (
        <p className="faint">
          {count(unseen, 'further row')}: ./weir replay with --rows all shows what is recorded.
        </p>
      )}
    </div>
  );
}

/** Of a card's row: a style shows it, so it is text without markup. */
function headOf(column: Result['columns'][number] | undefined): string {
  if (!column) return '';
  return visible(column.mask === '' ? column.name : `${column.name} (${column.mask})`);
}

function Cell({ value: { text, cutFrom } }: { readonly value: Value }) {
  if (text === null) return <i className="faint">NULL</i>;
  return (
    <>
      <Visible text={text} lines />
      {cutFrom > 0 && <span className="faint"> … of {count(cutFrom, 'byte')}</span>}
    </>
  );
}
