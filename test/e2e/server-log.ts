import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Settings of a PostgreSQL whose log `executed` can read: who, then what. */
export const logEverything = { log_statement: 'all', log_line_prefix: '@%a@%p@%u@ ' } as const;

/** What PostgreSQL itself says that it executed. */
export interface Executed {
  readonly application: string;
  /** The role that it ran as. */
  readonly role: string;
  readonly pid: string;
  /** Of the prepared statement, as the server names it; empty for the simple protocol. */
  readonly statement: string;
  readonly text: string;
  /** As logged: `$1 = '5', $2 = 'x'`; empty for the simple protocol. */
  readonly parameters: string;
}

/** The statements of all connections that called themselves so. */
export function executedBy(logFile: string, application: string): Executed[] {
  return executed(logFile).filter((each) => each.application === application);
}

/** All statements, in their order. */
export function executed(logFile: string): Executed[] {
  const found: Executed[] = [];
  const last = new Map<string, number>();
  for (const { application, pid, role, level, text } of entries(readFileSync(logFile, 'utf8'))) {
    const [, how, sent] = /^(statement|execute [^:]*): ([^]*)$/.exec(level === 'LOG' ? text : '') ?? [];
    if (sent !== undefined) {
      const statement = how!.replace(/^statement$|^execute /, '').replace(/\/[^/]*$/, '');
      last.set(pid, found.length);
      found.push({ application, role, pid, statement, text: sent, parameters: '' });
    }
    const [, bound] = /^parameters: (.*)$/s.exec(level === 'DETAIL' ? text : '') ?? [];
    const at = bound === undefined ? undefined : last.get(pid);
    if (at !== undefined) found[at] = { ...found[at]!, parameters: bound! };
  }
  return found;
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

interface Entry {
  readonly application: string;
  readonly pid: string;
  readonly role: string;
  readonly level: string;
  readonly text: string;
}

/** A line of its own, and those behind it that begin with a tab. */
function* entries(log: string): Generator<Entry> {
  for (const entry of log.split(/\n(?!\t)/)) {
    const [, application, pid, role, level, text] =
      /^@([^@]*)@(\d+)@([^@]*)@ (\w+): {2}([^]*)$/.exec(entry) ?? [];
    if (text !== undefined)
      yield {
        application: application!,
        pid: pid!,
        role: role!,
        level: level!,
        text: text.replaceAll('\n\t', '\n'),
      };
  }
}
