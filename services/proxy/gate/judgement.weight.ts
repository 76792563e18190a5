import type { Judgement } from './gate.js';

/** Bytes that a judgement keeps, about: measured on short statements, objects come to some 2 KiB. */
export function weightOf({
  analysis,
  recorded,
  recordedText,
  exactText,
  inbound,
  results,
}: Judgement): number {
  const texts = analysis.text.length + recordedText.length + exactText.length;
  const literals = inbound.literals.reduce((sum, literal) => sum + literal.length + 16, 0);
  const accesses = analysis.statements.reduce((sum, s) => sum + 1 + s.accesses.length, 0);
  const outputs = results.reduce((sum, { outputs: each = [] }) => sum + each.length, 0);
  return 2048 + 2 * (texts + literals) + recorded.byteLength + 256 * accesses + 128 * outputs;
}
