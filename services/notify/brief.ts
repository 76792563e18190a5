/** PostgreSQL's `schema.table` has at most 127 bytes. */
const longestName = 200;

/** A body stays small, 30 KB at most, whatever a name, a list or a reason holds. */
export function brief(text: string, longest = longestName): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}
