import { isAppError } from '#kernel';
import type { Analysis } from '../../facts.js';
import type { LineageAnswer, Names } from '../../lineage.js';
import { analyze } from '../analyze.js';
import { lineage } from '../lineage.js';
import { StatementSyntaxError } from '../syntax-error.js';

/** All that a text and its names tell. Plain data: it may cross threads. */
export type Understanding =
  | {
      readonly kind: 'understood';
      readonly analysis: Analysis;
      readonly answer: LineageAnswer;
      /** As `redactLiterals` gives it; absent where nobody has asked yet. */
      readonly redacted?: string;
    }
  | {
      readonly kind: 'refused';
      readonly reason: string;
      /** The text is no SQL: where it goes wrong, in characters from 1, or 0. */
      readonly syntaxErrorAt?: number;
      readonly redacted?: string;
    }
  /** Nobody could tell this time: refused, and not to be kept. */
  | { readonly kind: 'failed'; readonly reason: string };

/** Facts and lineage of a text; a refusal of either is an answer. */
export function understand(text: string, names: Names): Understanding {
  try {
    return { kind: 'understood', analysis: analyze(text), answer: lineage(text, names) };
  } catch (error) {
    if (!isAppError(error)) throw error;
    const refused = { kind: 'refused', reason: error.message } as const;
    return error instanceof StatementSyntaxError ? { ...refused, syntaxErrorAt: error.position } : refused;
  }
}
