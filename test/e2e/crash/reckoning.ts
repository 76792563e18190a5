import { searchPathQuery } from '../../../services/proxy/postgres/questions.js';
import { privilegesQuery } from '../../../services/proxy/postgres/target-privileges.js';
import { executed, sha256, type Executed } from '../server-log.js';
import { keyOf, type Recorded, type SessionEnd } from './record.js';
import type { Connection } from './marked-client.js';
import { role } from './target.js';

/** What the target says that agents' sessions had it execute. */
export function agentsStatements(logFile: string): Executed[] {
  return executed(logFile).filter((each) => each.role === role.name && !isGatesOwn(each));
}

/** Weirkeeper's own: connections that say so, what it asks at each login, and its questions within a session. */
function isGatesOwn({ application, statement, text, parameters }: Executed): boolean {
  if (/^weirkeeper (catalog|check|estimate|classify)$/.test(application)) return true;
  if (text === privilegesQuery) return true;
  return /^weirkeeper [0-9a-f]{16}$/.test(statement) && text === searchPathQuery && parameters === '';
}

export interface Reckoning {
  readonly executed: number;
  readonly received: number;
  readonly unknown: number;
  /** What must not be, each with why. */
  readonly wrong: readonly string[];
}

/**
 * Holds the target's log against the record, by who the session says it is, the text's hash and the parameters: what
 * ran was received exactly as often, and what was received beyond that has the outcome `unknown`.
 */
export function reckon(ran: readonly Executed[], recorded: readonly Recorded[]): Reckoning {
  const texts = new Map<string, string>();
  const nameOf = (application: string, key: string, text: string) => {
    const name = `${application} ${key}`;
    if (!texts.has(name)) texts.set(name, text.slice(0, 120));
    return name;
  };
  const keys = ran.map((each) =>
    nameOf(each.application, keyOf(sha256(each.text), bound(each.parameters)), each.text),
  );
  const names = recorded.map((each) => nameOf(each.application, each.key, each.text));
  const inLog = counted(keys);
  const received = counted(names);
  const unknown = counted(names.filter((_, i) => recorded[i]!.status === 'unknown'));
  const wrong = [...texts].flatMap(([name, text]) => {
    const [e, r, u] = [inLog.get(name) ?? 0, received.get(name) ?? 0, unknown.get(name) ?? 0];
    if (e > r) return [`ran ${e} times, received ${r}: ${name}: ${text}`];
    if (r - e > u) return [`received ${r} times, ran ${e}, unknown ${u}: ${name}: ${text}`];
    return [];
  });
  for (const { decision, status, text, statementId } of recorded) {
    if (decision !== 'allow') wrong.push(`${decision}: ${statementId}: ${text}`);
    if (status !== 'ok' && status !== 'unknown') wrong.push(`outcome "${status}": ${statementId}: ${text}`);
  }
  const unknowns = [...unknown.values()].reduce((a, b) => a + b, 0);
  return { executed: ran.length, received: recorded.length, unknown: unknowns, wrong };
}

/** Markers are good for one statement each: one `received`, in order, and `ok` where it was answered. */
export function markedWrong(recorded: readonly Recorded[], answered: ReadonlySet<string>): string[] {
  const wrong: string[] = [];
  const seen = new Map<string, Recorded>();
  let [session, last] = ['', 0];
  for (const each of recorded.filter(({ application }) => application.startsWith('marked-'))) {
    const [marker, , n] = /\bm(\d+)x(\d+)\b/.exec(`${each.text} ${each.parameters.join(' ')}`) ?? [];
    if (marker === undefined) {
      wrong.push(`no marker: ${each.text}`);
      continue;
    }
    if (seen.has(marker)) wrong.push(`received twice: ${marker}`);
    seen.set(marker, each);
    if (each.session === session && Number(n) <= last) wrong.push(`out of order: ${marker} after ${last}`);
    [session, last] = [each.session, Number(n)];
  }
  for (const marker of answered)
    if (seen.get(marker)?.status !== 'ok')
      wrong.push(`answered, and its outcome "${seen.get(marker)?.status}": ${marker}`);
  return wrong;
}

/** A session whose connection broke ended as lost; one that said good-bye ended so, or was lost on the way. */
export function endsWrong(connections: readonly Connection[], ends: readonly SessionEnd[]): string[] {
  const byName = new Map(ends.map((each) => [each.client_program, each.end_reason]));
  return connections.flatMap(({ name, signedIn, end }) => {
    const reason = byName.get(name);
    // Killed before the session was recorded: nothing of it reached the target either, or the log would have it.
    if (!signedIn && reason === undefined) return [];
    const right = end === 'closed' ? ['terminated', 'lost'] : ['lost'];
    return reason !== undefined && right.includes(reason) ? [] : [`${name} ${end}: ${reason}`];
  });
}

/** `$1 = '5', $2 = 'x'` as values. */
function bound(logged: string): (string | null)[] {
  return [...logged.matchAll(/\$\d+ = (?:'((?:[^']|'')*)'|NULL)/g)].map(
    ([, value]) => value?.replaceAll("''", "'") ?? null,
  );
}

function counted(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
