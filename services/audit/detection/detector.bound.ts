/** Rows of one identity in one answer: somebody with more is conspicuous enough, and crowds out nobody. */
const mostOfOne = 20;
/** Of all together; more are a detector that is wrong, not a house full of thieves. */
const mostFindings = 1000;

/**
 * Encloses a checked query: of each identity its latest rows, in an order that stays. Of rows about nobody (of the house itself) those of
 * each subject. One more than may be tells of a cut.
 */
export const bounded = (checked: string): string => `SELECT * FROM (
${checked}
) ORDER BY window_start DESC, connection ASC, subject ASC, window_end ASC, identity ASC, on_behalf_of ASC
LIMIT ${mostOfOne + 1} BY identity, if(identity = '', subject, '')
LIMIT ${mostFindings + 1}`;

interface Bounded<Row> {
  readonly rows: readonly Row[];
  /** Whether there are more than these. */
  readonly isCut: boolean;
}

export function withoutMore<Row extends { readonly identity: string; readonly subject: string }>(
  found: readonly Row[],
): Bounded<Row> {
  const counts = new Map<string, number>();
  const rows = found.slice(0, mostFindings).filter((row) => {
    const of = JSON.stringify([row.identity, row.identity === '' ? row.subject : '']);
    const count = (counts.get(of) ?? 0) + 1;
    counts.set(of, count);
    return count <= mostOfOne;
  });
  return { rows, isCut: rows.length < found.length };
}
