import { quoted } from '../sql/canonical.text.js';
import { badArgument, ProtocolException } from './exception.js';

/*
 * {name:Type} in a query, `param_name` beside it. The value is text as in TabSeparated: \t, \n, \\, \N for NULL; what
 * has parts ([…], (…), {…}) quotes them itself. It becomes a literal with a cast, as the server does it, so no
 * value can be read as SQL; an Identifier becomes a quoted name, and what it names is then checked like any other.
 * Maps are not taken: the engine has no cast from text to them.
 */
const composite = /^(?:Array|Tuple)\b/;
const types = /^[A-Za-z][A-Za-z0-9_]*(?:\([A-Za-z0-9_ ,()'./+-]*\))?$/;

/** The pieces of a rendered query with each parameter filled in. */
export function filledIn(pieces: readonly string[], values: ReadonlyMap<string, string>): string[] {
  const filled: string[] = [];
  for (let i = 0; i < pieces.length; i++) {
    const end = pieces[i] === '{' && pieces[i + 2] === ':' ? pieces.indexOf('}', i) : -1;
    if (end < 0) filled.push(pieces[i] ?? '');
    else
      filled.push(
        literalOf(
          pieces[i + 1] ?? '',
          pieces
            .slice(i + 3, end)
            .join('')
            .trim(),
          values,
        ),
      );
    if (end >= 0) i = end;
  }
  return filled;
}

function literalOf(name: string, type: string, values: ReadonlyMap<string, string>): string {
  const value = values.get(name);
  if (value === undefined)
    throw new ProtocolException(456, 'UNKNOWN_QUERY_PARAMETER', 400, `Substitution \`${name}\` is not set`);
  if (type === 'Identifier') return identifierOf(name, value);
  if (!types.test(type) || /\bMap\b/.test(type))
    throw badArgument(`the type of parameter ${name} is not one that is taken here`);
  if (value === '\\N') return `_CAST(NULL, ${quoted(type)})`;
  return `_CAST(${quoted(composite.test(type) ? value : unescaped(value))}, ${quoted(type)})`;
}

function identifierOf(name: string, value: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(value)) return `\`${value}\``;
  throw badArgument(`the value of parameter ${name} is not a plain name`);
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', r: '\r', n: '\n', t: '\t', 0: '\0' };

const unescaped = (value: string): string =>
  value.replaceAll(/\\([\s\S])/g, (_, escaped: string) => escapes[escaped] ?? escaped);
