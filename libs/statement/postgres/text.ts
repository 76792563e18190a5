import { AppError } from '#kernel';
import { parse, type RawStatement } from './parser.js';
import { TextCache } from './text-cache.js';
import type { Analysis } from '../facts.js';

/** A parsed text, shared by analyze and lineage. */
export interface KnownText {
  readonly text: string;
  readonly statements: readonly RawStatement[];
  analysis: Analysis | undefined;
}

/** Each is judged, answered and recorded by itself; a client that sends more means to keep others waiting. */
const mostStatements = 1_000;

// A tree takes about four times its JSON; the gate's whole memory is meant to stay below some tens of MiB.
const cache = new TextCache<KnownText>(8 * 1024 * 1024);

// What is too heavy to keep is at least not parsed again by whoever asks next in the same breath.
let last: KnownText | undefined;

export function known(text: string): KnownText {
  if (last?.text === text) return last;
  const hit = cache.get(text);
  if (hit) return hit;
  const { statements, weight } = parse(text);
  if (statements.length > mostStatements)
    throw new AppError('STATEMENT_DENIED', 'more than 1,000 statements in one text: send them in parts');
  const entry: KnownText = { text, statements, analysis: undefined };
  cache.set(text, entry, weight * 4);
  if (!last) setImmediate(() => (last = undefined));
  last = entry;
  return entry;
}
