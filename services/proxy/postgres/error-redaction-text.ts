import { messageWords } from './error-redaction-words.js';

export interface RedactionContext {
  /** The text that the client itself sent; what stands in it is no news. */
  readonly statementText: string;
  /** True for the name of a relation, column, constraint, function, type or schema that the client may see. */
  isCatalogName(word: string): boolean;
}

/** Stands for what is not shown. */
const hidden = '…';

/** Opening quotes with what closes them: PostgreSQL's own, and those of its translations. */
const quotes: Record<string, string> = {
  '"': '"',
  "'": "'",
  '«': '»',
  '»': '«',
  '„': '“',
  '“': '”',
  '‘': '’',
};

const word = /[\p{L}\p{N}_$\u0080-\uffff]+/gu;

/**
 * A message or hint in which no word can be a value. A quoted word stays if it stands in the statement's own
 * text or is a catalog name; any other word also if PostgreSQL's own messages use it; digits only if the
 * statement has them, or as a type's modifier. What goes leaves `…`. Messages in other languages go almost
 * whole: then the SQLSTATE must tell.
 */
export function redactText(text: string, context: RedactionContext): string {
  const known = new KnownWords(context);
  const shown: string[] = [];
  let plain = 0;
  for (let i = 0; i < text.length; i++) {
    const close = opensQuote(text, i);
    if (close === undefined) continue;
    const end = endOfQuoted(text, i, close);
    if (end < 0) continue;
    shown.push(
      redactPlain(text.slice(plain, i), known),
      text[i]!,
      redactQuoted(text.slice(i + 1, end), known),
      text[end]!,
    );
    plain = end + 1;
    i = end;
  }
  shown.push(redactPlain(text.slice(plain), known));
  return shown.join('').replace(/…(?:[^\s\p{L}\p{N}"'«»„“”‘’]*\s?…)+/gu, hidden);
}

/** The closing quote if one opens here: an apostrophe within a word is none. */
function opensQuote(text: string, at: number): string | undefined {
  const close = quotes[text[at]!];
  return close !== undefined && (at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1]!)) ? close : undefined;
}

/**
 * Where the quoted text ends. After `: ` and up to the message's end stands one value, whatever quotes it
 * holds itself (`invalid input syntax for type integer: "a"b"`): PostgreSQL does not escape them.
 */
function endOfQuoted(text: string, at: number, close: string): number {
  if (text.slice(0, at).endsWith(': ') && text.endsWith(close) && text.length - 1 > at)
    return text.length - 1;
  return text.indexOf(close, at + 1);
}

function redactQuoted(content: string, known: KnownWords): string {
  return content === '' || known.isOwnText(content) || known.isName(content) ? content : hidden;
}

// A modifier tells a column's definition, not its content.
const typeModifier =
  /\b(?:varying|character|char|varchar|numeric|decimal|bit|time|timestamp|interval|vector)\(\d+(?:,-?\d+)?\)/g;

function redactPlain(text: string, known: KnownWords): string {
  const shown: string[] = [];
  let from = 0;
  for (const modifier of text.matchAll(typeModifier)) {
    shown.push(redactWords(text.slice(from, modifier.index), known), modifier[0]);
    from = modifier.index + modifier[0].length;
  }
  shown.push(redactWords(text.slice(from), known));
  return shown.join('');
}

// What spaces and plain punctuation leave together: `date/time`, `bob@example.com`, `2024-13-45`.
const piece = /[^\s,;:()[\]{}"']+/gu;

/** One word that may be a value hides all that it is written together with. */
function redactWords(text: string, known: KnownWords): string {
  return text.replace(piece, (found) => {
    const words = found.match(word) ?? [];
    if (words.every((each) => known.isHarmless(each))) return found;
    return found.endsWith('.') ? `${hidden}.` : hidden;
  });
}

/** What the client knows already. */
class KnownWords {
  private readonly own: ReadonlySet<string>;

  constructor(private readonly context: RedactionContext) {
    this.own = new Set(context.statementText.match(word));
  }

  isHarmless(found: string): boolean {
    return messageWords.has(found.toLowerCase()) || this.own.has(found) || this.context.isCatalogName(found);
  }

  /** The name, or each part of a qualified one. */
  isName(content: string): boolean {
    return content
      .split('.')
      .every((part) => part !== '' && (this.own.has(part) || this.context.isCatalogName(part)));
  }

  /** It stands in the statement as a whole: not merely as a piece of a longer word. */
  isOwnText(content: string): boolean {
    const text = this.context.statementText;
    for (let at = text.indexOf(content); at >= 0; at = text.indexOf(content, at + 1)) {
      if (
        !this.continues(content[0]!, text[at - 1]) &&
        !this.continues(content.at(-1)!, text[at + content.length])
      ) {
        return true;
      }
    }
    return false;
  }

  private continues(edge: string, beyond: string | undefined): boolean {
    return beyond !== undefined && /[\p{L}\p{N}_$]/u.test(edge) && /[\p{L}\p{N}_$]/u.test(beyond);
  }
}
