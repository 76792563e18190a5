import { AppError } from '#kernel';

/** The parser's own words for a text that is no SQL. */
export class StatementSyntaxError extends AppError {
  constructor(
    message: string,
    /** Where, in characters from 1; 0: nowhere in particular. */
    readonly position: number,
  ) {
    super('STATEMENT_DENIED', message);
  }
}
