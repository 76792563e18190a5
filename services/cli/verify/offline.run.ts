import { openCheckpoint, parseVerifierKeys, type Checkpoint, type VerifierKey } from '#proof';
import { CliError, exit } from '../exit-codes.js';
import type { Cli } from '../verb.js';
import { checkBundle, parseBundle, type Bundle } from './bundle.js';
import type { Finding } from './finding.js';
import { Report } from './report.js';
import { readInput, sinkNotes, trustedKeys } from './trees.js';

export interface OfflineOptions {
  readonly against?: string | undefined;
  readonly key?: string | undefined;
}

/** Verifies a bundle, with no gate running. Whether nothing was found. */
export async function verifyOffline(file: string, options: OfflineOptions, cli: Cli): Promise<boolean> {
  const bundle = parseBundle(await readInput(file, cli));
  if (!bundle) throw new CliError(exit.usage, `${file} is no bundle of \`weir export\``, 'INPUT_INVALID');
  const report = new Report(cli);
  const keys = options.key === undefined ? bundleKeys(bundle, file) : await trustedKeys(options.key, cli);
  if (options.key === undefined) report.note('keys: those that the bundle names; pin them with --key');
  const result = checkBundle(bundle, keys);
  report.found(result.findings);
  if (!result.ended) report.note('the session goes on: that these are all of its events is not proven');
  await anchor(result.checkpoints, keys, options.against, cli, report);
  report.sessions = 1;
  report.events = result.events;
  report.end();
  return report.clean;
}

function bundleKeys({ keys }: Bundle, file: string): VerifierKey[] {
  try {
    return parseVerifierKeys(keys.join('\n'));
  } catch (error) {
    throw new CliError(exit.usage, `${file}: ${(error as Error).message}`, 'INPUT_INVALID');
  }
}

/** Every checkpoint goes to the sink, so the bundle's must be there as it is. */
async function anchor(
  checkpoints: readonly Checkpoint[],
  keys: readonly VerifierKey[],
  against: string | undefined,
  cli: Cli,
  report: Report,
): Promise<void> {
  const notes = against === undefined ? [] : await sinkNotes(against, cli);
  const outside = notes.flatMap((note) => openCheckpoint(note, keys) ?? []);
  for (const checkpoint of checkpoints) {
    const same = outside.filter(
      ({ origin, size }) => origin === checkpoint.origin && size === checkpoint.size,
    );
    if (against === undefined) report.note(unanchored(checkpoint));
    else if (same.length === 0) report.found([notSent(checkpoint)]);
    else if (same.some(({ root }) => !root.equals(checkpoint.root))) report.found([resigned(checkpoint)]);
  }
}

const unanchored = ({ origin, size }: Checkpoint): string =>
  `unanchored: ${origin} size ${size} was held against no sink's copy`;

const notSent = ({ origin, size }: Checkpoint): Finding => ({
  kind: 're-signed checkpoint',
  where: origin,
  why: `the sink's copy has none of size ${size}: it was never sent there, or the copy is older than the bundle`,
});

const resigned = ({ origin, size }: Checkpoint): Finding => ({
  kind: 're-signed checkpoint',
  where: origin,
  why: `the sink has another root of its first ${size} leaves`,
});
