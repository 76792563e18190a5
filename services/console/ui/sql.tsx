import { memo, useMemo } from 'react';
import { sqlTokens, type SqlToken } from './sql-tokens.js';
import { visiblePieces } from './visible-text.js';

/** Beyond it a text is shown whole, but plain: each token is an element. */
const longestHighlighted = 20_000;

/** A statement as text: highlighted, wrapped, in logical order whatever its letters. */
export const Sql = memo(function Sql({ text, label }: { readonly text: string; readonly label: string }) {
  const tokens = useMemo<readonly SqlToken[]>(
    () => (text.length > longestHighlighted ? [{ kind: 'other', text }] : sqlTokens(text)),
    [text],
  );
  return (
    <pre className="sql" tabIndex={0} role="region" aria-label={label}>
      <code>{tokens.map(shown)}</code>
    </pre>
  );
});

function shown({ kind, text }: SqlToken, i: number) {
  const pieces = kind === 'name' || kind === 'quoted' ? foreignPieces(text) : visiblePieces(text, false);
  return kind === 'other' || kind === 'name' ? (
    <span key={i}>{pieces}</span>
  ) : (
    <span key={i} className={`sql-${kind}`}>
      {pieces}
    </span>
  );
}

/** Names can be spelled with letters that only look like others: those outside ASCII are marked. */
function foreignPieces(text: string) {
  return text.split(/([^\x00-\x7f]+)/u).map((part, i) =>
    i % 2 === 0 ? (
      visiblePieces(part, false)
    ) : (
      <span key={`f${i}`} className="foreign" title={codePoints(part)}>
        {visiblePieces(part, false)}
      </span>
    ),
  );
}

function codePoints(text: string): string {
  const codes = Array.from(
    text,
    (each) => `U+${(each.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`,
  );
  return `letters outside ASCII: ${codes.slice(0, 12).join(' ')}${codes.length > 12 ? ' …' : ''}`;
}
