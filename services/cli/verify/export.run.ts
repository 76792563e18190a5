import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CliError, exit } from '../exit-codes.js';
import type { Cli } from '../verb.js';
import { checkBundle, makeBundle } from './bundle.js';
import { Report } from './report.js';
import { sessionRecords } from './session.records.js';
import type { SessionRecord } from './stored.rows.js';
import { loadTrees, trustedKeys } from './trees.js';

export interface ExportOptions {
  readonly session: string;
  readonly out?: string | undefined;
}

/** Writes a session's bundle. Whether it verifies: what was found is said, and stands in the bundle all the same. */
export async function exportSession({ session, out }: ExportOptions, cli: Cli): Promise<boolean> {
  const keys = await trustedKeys(undefined, cli);
  const { trees, findings } = await loadTrees(keys, cli);
  const lines = cli.api('auditor').lines('/log/records', { query: { session } });
  let record: SessionRecord | undefined;
  for await (const each of sessionRecords(lines)) record = each;
  if (record?.events.length === 0 && record.expired.length > 0) throw hasExpired(record);
  if (!record || record.events.length === 0)
    throw new CliError(exit.notFound, `there is no session ${session}`, 'NOT_FOUND');
  const bundle = makeBundle(record, trees, keys);
  if (bundle.events.length === 0) throw notCovered(record);
  const file = out ?? `${session}.bundle`;
  await writeFile(resolve(cli.cwd, file), `${JSON.stringify(bundle, null, 1)}\n`);
  const result = checkBundle(bundle, keys);
  const report = new Report(cli);
  report.found([...findings, ...result.findings]);
  report.note(`wrote ${file}`);
  const left = record.events.length + record.deadLetters.length - result.events;
  if (left > 0) report.note(`left out: ${left} events that no checkpoint covers yet`);
  if (!result.ended) report.note('the bundle does not hold the end of the session: export it again for that');
  report.sessions = 1;
  report.events = result.events;
  report.end();
  return report.clean;
}

const notCovered = ({ session, events }: SessionRecord): CliError =>
  new CliError(
    exit.failed,
    `no checkpoint covers any of the ${events.length} events of session ${session} yet: there is nothing that a bundle proves`,
    'NOT_COVERED',
    'try again once there has been a checkpoint (`audit.proof.interval`)',
  );

const hasExpired = ({ session, expired }: SessionRecord): CliError =>
  new CliError(
    exit.notFound,
    `session ${session} has expired: its ${expired.length} events were erased, and no more is left than their hashes`,
    'EXPIRED',
    `\`weir verify --session ${session}\` says by which rule`,
  );
