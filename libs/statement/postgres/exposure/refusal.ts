/** Thrown inside the guard, answered by exposure(): a masked column would go where no mask follows it. */
export class Refusal extends Error {
  constructor(
    readonly column: string,
    message: string,
  ) {
    super(message);
  }
}

/** Where in a statement the guard is, for the reason it gives. */
export interface Place {
  /** "ORDER BY", "an expression", … */
  readonly name: string;
  /** What to do instead. */
  readonly advice: string;
  /** Inside an expression of a select list: a subquery there may not even touch a masked relation. */
  readonly inTarget: boolean;
}

const place = (name: string, advice: string, inTarget = false): Place => ({ name, advice, inTarget });

const byKey = 'use = or IN with values, on a column that may be looked up, or IS NULL';

export const places = {
  target: place('an expression', 'select the column by itself', true),
  where: place('a condition other than a lookup', byKey),
  join: place('a join condition', 'join on another column'),
  order: place('ORDER BY', 'order by another column'),
  group: place('GROUP BY', 'group by another column'),
  distinct: place('DISTINCT ON', 'use another column'),
  window: place('a window', 'use another column'),
  limit: place('LIMIT or OFFSET', 'use a number'),
  values: place('VALUES', 'use literals or parameters'),
  from: place('a function or expression in FROM', 'select the column by itself'),
  set: place('a value to be written', 'write a literal or a parameter'),
  conflict: place('ON CONFLICT', 'use a column that may be looked up'),
  utility: place('this statement', 'leave the column out'),
} as const;

export function refusal(column: string, { name, advice }: Place): Refusal {
  const what = column === '*' ? 'a whole row with masked columns' : `masked column "${column}"`;
  return new Refusal(column, `${what} cannot be used in ${name}: ${advice}`);
}
