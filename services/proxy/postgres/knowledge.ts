import type { AppError } from '#kernel';
import type { Execution, HoldAnswer, ReadText } from '../gate/gate.js';
import type { Probe } from './questions.js';

/** What was found out about a unit while it waited: answers by the message's place in it. */
export class Knowledge {
  /** What names mean was asked for it. */
  asked = false;
  /** The catalog was read again for it. */
  refreshed = false;
  /** Long texts of it that were read; by statements that EXECUTE runs, too. */
  readonly texts: ReadText[] = [];
  holds: Map<number, { execution: Execution; answer: HoldAnswer | AppError }> | undefined;
  /** For COPY out: what the target said of the columns, by the message's place and then by statement. */
  copies: Map<number, readonly (Probe | undefined)[]> | undefined;
}

/** Nothing was asked yet, as for nearly every unit. */
export const nothingKnown: Readonly<Knowledge> = Object.freeze(new Knowledge());

/** Something must be awaited before a unit can be decided; then it is decided again from the start. */
export class Need {
  constructor(readonly meet: (knowledge: Knowledge) => Promise<unknown>) {}
}
