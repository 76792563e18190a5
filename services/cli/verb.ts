import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { Role } from '#kernel';
import type { ApiClient } from './api.client.js';
import { usageError, type ExitCode } from './exit-codes.js';

/** Whom a verb speaks as where the development provider issues the token; with WEIR_TOKEN it is that token. */
export type Speaker = Role | 'agent';

/** What a verb sees of the world. */
export interface Cli {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly stdin: NodeJS.ReadStream;
  /** True where a person reads: times and tables; a pipe gets the same words without colour. */
  readonly interactive: boolean;
  /** Of the terminal, in characters; undefined: what is written goes elsewhere, and is not cut. */
  readonly width: number | undefined;
  /** The gate's HTTP address, no slash at its end. */
  readonly url: string;
  /** `--json` was given: one JSON document, or NDJSON, on stdout. */
  readonly json: boolean;
  /** The state directory that this command reads tokens and the gate's certificate from. */
  readonly dataDir: string;
  api(speaker: Speaker): ApiClient;
  token(speaker: Speaker): Promise<string>;
  /** Whose token `token` gives: of WEIR_TOKEN or `weir login`, or of the development provider alone. */
  readonly tokens: {
    own(): Promise<string | undefined>;
    ofSpeaker(speaker: Speaker): Promise<string>;
  };
  out(text: string): void;
  err(text: string): void;
  now(): number;
}

/** One verb of the command, one file. */
export interface Verb {
  readonly name: string;
  /** One line for the list of verbs. */
  readonly summary: string;
  /** Printed by `weir <name> --help`: synopsis, what it does, examples. */
  readonly usage: string;
  run(args: readonly string[], cli: Cli): Promise<ExitCode>;
}

type Options = NonNullable<ParseArgsConfig['options']>;

/** node:util's parseArgs, strict, with its complaints as usage errors. */
export function parseVerb<O extends Options>(
  args: readonly string[],
  options: O,
  positionals: string[] = [],
) {
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    if (parsed.positionals.length > positionals.length)
      throw usageError(`unexpected argument: ${parsed.positionals[positionals.length]}`);
    return parsed;
  } catch (error) {
    throw error instanceof TypeError ? usageError(error.message) : error;
  }
}

/** The argument, or a usage error that names what there is to choose from. */
export function chosen(value: string | undefined, name: string, words: readonly string[]): string {
  if (value !== undefined && words.includes(value)) return value;
  const wrong = value === undefined || value === '' ? 'is missing' : `is ${JSON.stringify(value)}`;
  throw usageError(`${name} ${wrong}: give one of ${words.join(', ')}`);
}

/** The argument, or a usage error that names what is missing. */
export function required(value: string | undefined, name: string): string {
  if (value === undefined || value === '') throw usageError(`${name} is missing`);
  return value;
}
