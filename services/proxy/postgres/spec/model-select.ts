/** `SELECT 'v'` three times over, one that fails when it runs, or one that fails when it is parsed. */
export interface Select {
  readonly value: string;
  readonly fails: 'never' | 'running' | 'parsing';
}

export function readSelect(text: string): Select | undefined {
  if (text.startsWith('SELECT pg_catalog.array_to_json'))
    return { value: '["pg_catalog","public"]', fails: 'never' };
  const found = /^SELECT '(\w+)' AS v FROM (generate_series\(1, (3|3 \/ 0)\)|nowhere)$/.exec(text.trim());
  if (!found) return undefined;
  const fails = found[2] === 'nowhere' ? 'parsing' : found[3] === '3' ? 'never' : 'running';
  return { value: found[1]!, fails };
}
