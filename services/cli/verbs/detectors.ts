import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { exit, usageError, type ExitCode } from '../exit-codes.js';
import { inline, table, visible } from '../render.js';
import { parseVerb, required, type Cli, type Verb } from '../verb.js';

const detector = z.looseObject({
  id: z.string(),
  version: z.string(),
  title: z.string(),
  severity: z.string(),
  schedule: z.string(),
  file: z.string(),
  owner: z.string(),
  refused: z.string(),
});
const list = z.object({
  enabled: z.boolean(),
  publishedAt: z.string().nullable(),
  detectors: z.array(detector),
});
const withText = detector.extend({ text: z.string(), publishedAt: z.string() });
const checked = z.object({ detectors: z.array(z.looseObject({ id: z.string(), file: z.string() })) });

const text = { type: 'string' } as const;

export const detectors: Verb = {
  name: 'detectors',
  summary: 'the detectors that run, their texts, and a check of files before they do',
  usage: `weir detectors [--json]
weir detectors show ID [--version DIGEST]
weir detectors check FILE.sql|FOLDER…

Lists what runs: the shipped detectors and those of detection.detectors in weir.yaml, with each file that is refused, and why.
Of one that is refused its last good version runs on, where it had one. A file that changes, comes or goes is taken within
some seconds, without a restart. Ends with 1 where a file is refused. Needs the security or auditor role.
show: prints a detector's text; --version: as a finding's version had it.
check: asks the gate whether files would be taken, without running them; needs the security role.

examples:
  ./weir detectors
  ./weir detectors check night-copy.sql && cp night-copy.sql our-detectors/
  ./weir detectors show bulk-read --version 3f2a9c81d0b4…`,

  run([verb, ...args], cli) {
    if (verb === 'check') return check(args, cli);
    if (verb === 'show') return show(args, cli);
    if (verb === undefined || verb.startsWith('-'))
      return listAll(verb === undefined ? [] : [verb, ...args], cli);
    return Promise.reject(usageError(`detectors has no ${verb}`));
  },
};

async function listAll(args: readonly string[], cli: Cli): Promise<ExitCode> {
  parseVerb(args, {});
  const answer = await cli.api('security').json(list, 'GET', '/detectors');
  cli.out(cli.json ? JSON.stringify(answer) : shown(answer));
  return answer.detectors.every(({ refused }) => refused === '') ? exit.ok : exit.failed;
}

const heads = ['detector', 'version', 'title', 'runs', 'severity', 'file'];
/** Of a digest, as much as tells versions apart. */
const digits = 12;

function shown({ enabled, publishedAt, detectors: all }: z.infer<typeof list>): string {
  if (!enabled) return 'detection is off (detection.enabled in weir.yaml)';
  if (publishedAt === null) return 'no detectors were published yet: detection has not begun';
  const rows = all
    .filter(({ id }) => id !== '')
    .map(({ id, version, title, schedule, severity, file, owner }) => [
      ...[id, version.slice(0, digits), inline(title), schedule, severity],
      `${inline(file)}${owner === 'shipped' ? ' (shipped)' : ''}`,
    ]);
  const refused = all.filter((each) => each.refused !== '').map(refusal);
  return [table(heads, rows), `since ${publishedAt}`, ...refused].join('\n');
}

function refusal({ id, version, refused }: z.infer<typeof detector>): string {
  const kept = id === '' ? 'nothing of it runs' : `${id} ${version.slice(0, digits)} runs on`;
  return visible(`refused: ${refused}\n  ${kept}`);
}

async function show(args: readonly string[], cli: Cli): Promise<ExitCode> {
  const { values, positionals } = parseVerb(args, { version: text }, ['id']);
  const path = `/detectors/${encodeURIComponent(required(positionals[0], 'the id'))}`;
  const answer = await cli
    .api('security')
    .json(withText, 'GET', path, { query: { version: values.version } });
  cli.out(cli.json ? JSON.stringify(answer) : visible(answer.text.replace(/\n$/, '')));
  return exit.ok;
}

async function check(args: readonly string[], cli: Cli): Promise<ExitCode> {
  const names = Array.from({ length: args.length }, () => 'file');
  const { positionals } = parseVerb(args, {}, names);
  if (positionals.length === 0) throw usageError('the file is missing');
  const files = positionals.flatMap((each) => filesOf(resolve(cli.cwd, each)));
  const answer = await cli.api('security').json(checked, 'POST', '/detectors/check', { body: { files } });
  const words = answer.detectors.map(({ id, file }) => `${inline(file)}: ${id} would be taken`);
  cli.out(cli.json ? JSON.stringify(answer) : words.join('\n'));
  return exit.ok;
}

function filesOf(path: string): { readonly name: string; readonly text: string }[] {
  try {
    if (!statSync(path).isDirectory()) return [{ name: basename(path), text: readFileSync(path, 'utf8') }];
  } catch {
    throw usageError(`${path} does not exist or cannot be read`);
  }
  const names = readdirSync(path).filter((name) => name.endsWith('.sql'));
  if (names.length === 0) throw usageError(`there is no *.sql file in ${path}`);
  return names.sort().map((name) => ({ name, text: readFileSync(join(path, name), 'utf8') }));
}
