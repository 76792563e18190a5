/** Thrown inside the engine, answered by lineage(): a masked column would go where no mask follows it. */
export class Refusal extends Error {
  constructor(
    readonly column: string,
    message: string,
  ) {
    super(message);
  }
}

/** Where in a statement the engine is, for the reason it gives. */
export interface Place {
  /** "ORDER BY", "an expression", … */
  readonly name: string;
  /** What to do instead. */
  readonly advice: string;
}

const place = (name: string, advice: string): Place => ({ name, advice });

const byKey = 'use = or IN with values, on a column that may be looked up, or IS NULL';

export const places = {
  target: place('an expression', 'select the column by itself'),
  where: place('a condition other than a lookup', byKey),
  join: place('a join condition', 'join on another column'),
  order: place('ORDER BY', 'order by another column'),
  group: place('GROUP BY', 'group by another column'),
  distinct: place('DISTINCT', 'leave it out, or use DISTINCT ON another column'),
  compared: place('UNION, INTERSECT or EXCEPT', 'leave it out, or use UNION ALL'),
  window: place('a window', 'use another column'),
  limit: place('LIMIT or OFFSET', 'use a number'),
  values: place('VALUES', 'use literals or parameters'),
  from: place('a function or expression in FROM', 'select the column by itself'),
  set: place('a value to be written', 'write a literal or a parameter'),
  conflict: place('ON CONFLICT', 'use a column that may be looked up'),
  cycle: place('SEARCH or CYCLE', 'use another column'),
  file: place('a file or program of the server', 'copy to STDOUT'),
  utility: place('this statement', 'leave the column out'),
} as const;

/** `column` is the base column's own name, or `*` for a whole row. */
export function refusal(column: string, { name, advice }: Place): Refusal {
  const what = column === '*' ? 'a whole row with masked columns' : `masked column "${column}"`;
  return new Refusal(column, `${what} cannot be used in ${name}: ${advice}`);
}
