import { Visible } from './visible-text.js';

/** Names that others gave, each for itself. */
export function Words({ words, none }: { readonly words: readonly string[]; readonly none: string }) {
  if (words.length === 0) return <span className="faint">{none}</span>;
  return (
    <ul className="words">
      {words.map((word) => (
        <li key={word}>
          <code>
            <Visible text={word} />
          </code>
        </li>
      ))}
    </ul>
  );
}
