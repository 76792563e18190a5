import { usageError } from '../exit-codes.js';
import { timeOf } from '../since.js';
import type { Cli } from '../verb.js';
import { Report } from './report.js';
import { checkLiveSession } from './session.check.js';
import { sessionRecords } from './session.records.js';
import type { SessionRecord } from './stored.rows.js';

export interface VerifyOptions {
  readonly session?: string | undefined;
  readonly since?: string | undefined;
  readonly against?: string | undefined;
  readonly key?: string | undefined;
  readonly offline?: string | undefined;
}

/** Whether nothing was found. */
export async function verifyRecord(options: VerifyOptions, cli: Cli): Promise<boolean> {
  if (options.session !== undefined && options.since !== undefined)
    throw usageError('--session and --since exclude each other');
  const report = new Report(cli);
  await verifySessions(options, cli, report);
  report.end();
  return report.clean;
}

async function verifySessions(options: VerifyOptions, cli: Cli, report: Report): Promise<void> {
  const { session } = options;
  const since = timeOf('since', options.since, cli);
  for await (const record of sessionRecords(
    cli.api('auditor').lines('/log/records', { query: { session, since } }),
  )) {
    const result = await checkLiveSession(record, [], () => readAgain(record.session, cli));
    report.sessions++;
    report.events += result.events;
    report.found(result.findings);
    report.progress();
  }
}

async function readAgain(session: string, cli: Cli): Promise<SessionRecord | undefined> {
  for await (const record of sessionRecords(cli.api('auditor').lines('/log/records', { query: { session } })))
    return record;
  return undefined;
}
