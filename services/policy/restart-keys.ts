import { withDevRoles, type WeirConfig } from '#platform';

/** What a publication reads again. */
const read: ReadonlySet<string> = new Set([
  ...['connections', 'policies', 'masking'],
  ...['file', 'dataDir', 'sharedDir', 'listening'],
]);

/** The keys of weir.yaml that are not as they were when this process started, and hold only once it starts again. */
export function restartKeys(started: WeirConfig, now: WeirConfig): string[] {
  const keys = changedKeys(withDevRoles(started), withDevRoles(now)).filter(
    (key) => !read.has(key.split('.')[0]!),
  );
  // Taking the demo database away needs no start.
  return now.demo ? keys : keys.filter((key) => key !== 'demo');
}

/** `listen.http`: to the second level, where what has no name of its own begins. */
function changedKeys(before: object, after: object, prefix = ''): string[] {
  const [old, new_] = [before, after] as Record<string, unknown>[];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => {
    const [a, b] = [old![key], new_![key]];
    if (JSON.stringify(a) === JSON.stringify(b)) return [];
    return prefix === '' && isSection(a) && isSection(b) ? changedKeys(a, b, `${key}.`) : [`${prefix}${key}`];
  });
}

function isSection(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
