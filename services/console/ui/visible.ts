/** A piece of a text: as it is, or a character that shows itself only as its escape. */
export interface Piece {
  readonly kind: 'text' | 'escape';
  readonly text: string;
}

/*
 * What a reader would not see, or would see in the wrong place: control, format, private and unassigned characters
 * (bidi overrides, lone surrogates), what fonts leave out (zero-width ones, fillers, variation selectors), separators
 * that are no newline here, spaces that PostgreSQL takes for letters, and Braille's blank.
 */
const hidden = /[^\P{C}\n\t]|\p{DI}|\p{Zl}|\p{Zp}|(?! )\p{Zs}|\u2800/gu;

/** The text in pieces, in order. With `oneLine`, newlines and tabs are escapes too. */
export function piecesOf(text: string, oneLine = false): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(oneLine ? new RegExp(`${hidden.source}|[\\n\\t]`, 'gu') : hidden)) {
    if (match.index > at) pieces.push({ kind: 'text', text: text.slice(at, match.index) });
    pieces.push({ kind: 'escape', text: escapeOf(match[0]) });
    at = match.index + match[0].length;
  }
  if (at < text.length) pieces.push({ kind: 'text', text: text.slice(at) });
  return pieces;
}

/** The text with its escapes written out: for titles and labels, which take no markup. */
export function visible(text: string): string {
  return piecesOf(text, true)
    .map((piece) => piece.text)
    .join('');
}

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r' };

function escapeOf(mark: string): string {
  const code = mark.codePointAt(0) ?? 0;
  const short = named[mark];
  if (short !== undefined) return short;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}
