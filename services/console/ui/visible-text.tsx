import { piecesOf } from './visible.js';

/**
 * A text that somebody else wrote: nothing in it is markup, and what would hide or reorder is shown as an escape.
 * `lines` keeps newlines and tabs.
 */
export function Visible({ text, lines = false }: { readonly text: string; readonly lines?: boolean }) {
  return <bdi className="visible">{visiblePieces(text, !lines)}</bdi>;
}

/** The same without a frame, for those who have one. */
export function visiblePieces(text: string, oneLine: boolean) {
  return piecesOf(text, oneLine).map((piece, i) =>
    piece.kind === 'text' ? (
      piece.text
    ) : (
      <span
        key={i}
        className="escape"
        title="a character that would not be seen, or would reorder what is read"
      >
        {piece.text}
      </span>
    ),
  );
}
