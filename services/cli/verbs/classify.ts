import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { writeDurably } from '#kernel';
import { compileMasking, parseMasking, scoreOf, shippedMasking, type MaskingSet, type Span } from '#masking';
import { CliError, exit, usageError, type ExitCode } from '../exit-codes.js';
import { inline } from '../render.js';
import { parseVerb, required, type Cli, type Verb } from '../verb.js';

const answerSchema = z.looseObject({
  tables: z.number(),
  cut: z.boolean(),
  columns: z.array(z.looseObject({ proposal: z.unknown() })),
  draft: z.string(),
});

const options = {
  rows: { type: 'string' },
  tables: { type: 'string' },
  stdin: { type: 'boolean' },
  masking: { type: 'string' },
  out: { type: 'string' },
} as const;

export const classify: Verb = {
  name: 'classify',
  summary: "draft masking rules from what a database's columns hold, or look into lines of text",
  usage: `weir classify NAME [--rows 1000] [--tables GLOB] [--out FILE]
weir classify --stdin [--masking FILE]

NAME: the gate reads some rows of each of the connection's tables (200 at most; --tables 'public.*' for others)
and drafts a masking.yaml: what it found, with the share of values that hold it, then the rules in force. It never
shows a value, and changes nothing. --json: the evidence by column. Needs the operator role; that the tables were
read is recorded. --out: the draft goes to FILE, whole or not at all (a shell's > empties it before anything is asked).
--stdin: reads lines; prints, for each, what the classifiers find in it as JSON: class, place (in characters) and
score. Nothing leaves this machine. --masking: with the patterns of that file.

examples:
  ./weir classify orders --out masking.yaml
  ./weir classify orders --json | jq -r '.columns[] | select(.proposal) | "\\(.table).\\(.column)"'
  echo 'mail bob@example.com' | ./weir classify --stdin`,

  run(args, cli) {
    const { values, positionals } = parseVerb(args, options, ['name']);
    if (!values.stdin) return classifyConnection(required(positionals[0], 'the name'), values, cli);
    if (positionals[0] !== undefined) throw usageError('give a name or --stdin');
    if (values.out !== undefined) throw usageError('--out goes with a name');
    return classifyLines(values.masking, cli);
  },
};

async function classifyConnection(
  name: string,
  { rows, tables, masking, out }: { rows?: string; tables?: string; masking?: string; out?: string },
  cli: Cli,
): Promise<ExitCode> {
  if (masking !== undefined) throw usageError('--masking goes with --stdin; the gate has rules of its own');
  const body = {
    ...(rows === undefined ? {} : { rows: Number(rows) }),
    ...(tables === undefined ? {} : { tables }),
  };
  const path = `/connections/${encodeURIComponent(name)}/classify`;
  const answer = await cli.api('operator').json(answerSchema, 'POST', path, { body });
  if (out !== undefined) await keep(resolve(cli.cwd, out), answer.draft);
  if (cli.json) {
    cli.out(JSON.stringify(answer));
    return exit.ok;
  }
  if (out === undefined) cli.out(answer.draft.trimEnd());
  const proposed = answer.columns.filter(({ proposal }) => proposal !== null).length;
  cli.err(`${answer.tables} tables, ${answer.columns.length} columns; ${proposed} new rules`);
  if (answer.cut) cli.err(`there is more in ${inline(name)}: name tables with --tables, such as 'public.o*'`);
  return exit.ok;
}

/** What was in the file stays until all of the new is there. */
async function keep(file: string, text: string): Promise<void> {
  try {
    await writeDurably(file, `${text.trimEnd()}\n`, 0o666);
  } catch (error) {
    throw usageError(
      `${file} cannot be written (${(error as NodeJS.ErrnoException).code ?? 'why is not known'})`,
    );
  }
}

/** A line is cut here: whoever pipes a file without line ends must not fill the memory. Characters. */
const longestLine = 1024 * 1024;

async function classifyLines(maskingFile: string | undefined, cli: Cli): Promise<ExitCode> {
  const set = compileMasking(
    maskingFile === undefined ? shippedMasking : read(resolve(cli.cwd, maskingFile)),
  );
  let rest = '';
  let line = 0;
  const print = (text: string) => cli.out(JSON.stringify({ line: ++line, spans: spansOf(set, text) }));
  cli.stdin.setEncoding('utf8');
  for await (const chunk of cli.stdin) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) print(text);
    while (rest.length > longestLine) {
      print(rest.slice(0, longestLine));
      rest = rest.slice(longestLine);
    }
  }
  if (rest !== '') print(rest);
  return exit.ok;
}

function spansOf(set: MaskingSet, text: string) {
  const value = Buffer.from(text);
  let [bytes, characters] = [0, 0];
  // Each piece is counted once: a long line may hold many.
  const at = (byte: number) => {
    characters += value.toString('utf8', bytes, byte).length;
    bytes = byte;
    return characters;
  };
  return (set.findSpans(value, 0, value.length) ?? []).map((span: Span) => ({
    class: span.class,
    start: at(span.start),
    end: at(span.end),
    score: scoreOf(span, value),
  }));
}

function read(file: string) {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw usageError(`${file} cannot be read`);
  }
  try {
    return parseMasking(text, file);
  } catch (error) {
    throw new CliError(exit.usage, error instanceof Error ? error.message : String(error), 'CONFIG_INVALID');
  }
}
