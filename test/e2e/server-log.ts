import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Settings of a PostgreSQL whose log `executedBy` can read: who, then what. */
export const logEverything = { log_statement: 'all', log_line_prefix: '@%a@%p@ ' } as const;

/** What PostgreSQL itself says that it executed. */
export interface Executed {
  readonly text: string;
  /** As logged: `$1 = '5', $2 = 'x'`; empty for the simple protocol. */
  readonly parameters: string;
}

/** The statements of all connections that called themselves so. */
export function executedBy(logFile: string, application: string): Executed[] {
  const executed: { text: string; parameters: string; pid: string }[] = [];
  for (const { name, pid, level, text } of entries(readFileSync(logFile, 'utf8'))) {
    if (name !== application) continue;
    const [, statement] = /^(?:statement|execute [^:]*): ([^]*)$/.exec(level === 'LOG' ? text : '') ?? [];
    if (statement !== undefined) executed.push({ text: statement, parameters: '', pid });
    const [, bound] = /^parameters: (.*)$/.exec(level === 'DETAIL' ? text : '') ?? [];
    const last = bound === undefined ? undefined : executed.findLast((each) => each.pid === pid);
    if (last) last.parameters = bound!;
  }
  return executed;
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

interface Entry {
  readonly name: string;
  readonly pid: string;
  readonly level: string;
  readonly text: string;
}

/** A line of its own, and those behind it that begin with a tab. */
function* entries(log: string): Generator<Entry> {
  for (const entry of log.split(/\n(?!\t)/)) {
    const [, name, pid, level, text] = /^@([^@]*)@(\d+)@ (\w+): {2}([^]*)$/.exec(entry) ?? [];
    if (text !== undefined)
      yield { name: name!, pid: pid!, level: level!, text: text.replaceAll('\n\t', '\n') };
  }
}
