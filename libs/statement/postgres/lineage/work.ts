import { Refusal } from './refusal.js';

/** PostgreSQL's limit of target entries; a wider row is an error there. */
export const mostColumns = 1664;

/**
 * How much judging a text may take, in steps of well under a microsecond each: more than any honest text of that
 * length, and an end to one that was made to be slow.
 */
export class Work {
  private left: number;

  constructor(textLength: number) {
    this.left = 60_000 + textLength;
  }

  spend(steps: number): void {
    this.left -= steps;
    if (this.left < 0) throw new Refusal('*', 'the statement is too intricate to be understood: split it');
  }
}
