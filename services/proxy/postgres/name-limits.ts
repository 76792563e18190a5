import { AppError } from '#kernel';
import type { SessionEffect, StatementFacts } from '#statement';
import type { Judgement } from '../gate/gate.js';
import type { NameTable, SessionNames } from './session-names.js';

/** Prepared statements, and portals, that one session may hold. */
const mostNames = 10_000;

/**
 * What of each it may hold under names, in bytes as they were sent. A judgement takes some eight times its text: one
 * session can't make the gate keep more than some 256 MiB.
 */
const mostNamedBytes = 32 * 1024 * 1024;

/** As the server says it of its own limits: no policy, and nobody to ask. */
export class TooMuchHeld extends AppError {
  constructor(most: string, what: string) {
    super('BUDGET_EXCEEDED', `a session may hold ${most} ${what}: close some`);
  }
}

type What = 'prepared statements' | 'portals';

/** Why one more, of so many bytes, may not be held. By itself it may be as large as a message may be. */
export function heldProblem<T>(
  table: NameTable<T>,
  what: What,
  name: string,
  bytes: number,
): TooMuchHeld | undefined {
  if (table.size >= mostNames) return new TooMuchHeld(String(mostNames), what);
  if (name === '' || table.bytes === 0 || table.bytes + bytes <= mostNamedBytes) return undefined;
  return new TooMuchHeld(`${mostNamedBytes / 1024 / 1024} MiB of`, what);
}

/** The same for what SQL's PREPARE and DECLARE would make, all of a text together. */
export function heldBySqlProblem(
  { effects, analysis }: Judgement,
  names: SessionNames,
): AppError | undefined {
  if (effects.length === 0) return undefined;
  return (
    heldBySql(analysis.statements, 'prepare', names.statements, 'prepared statements') ??
    heldBySql(analysis.statements, 'declare', names.portals, 'portals')
  );
}

function heldBySql<T>(
  statements: readonly StatementFacts[],
  type: SessionEffect['type'],
  table: NameTable<T>,
  what: What,
): TooMuchHeld | undefined {
  const made = statements.filter(({ effect }) => effect?.type === type);
  if (made.length === 0) return undefined;
  const bytes = made.reduce((sum, { start, end }) => sum + end - start, 0);
  if (table.size + made.length > mostNames) return new TooMuchHeld(String(mostNames), what);
  return heldProblem(table, what, type, bytes);
}
