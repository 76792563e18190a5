import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { ErrorCode } from '#kernel';
import { CliError, exit, exitCodeOf } from '../exit-codes.js';
import { visible } from '../render.js';
import type { Cli } from '../verb.js';

const message = z.union([
  z.object({ say: z.string() }),
  z.object({ result: z.unknown() }),
  z.object({ error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }) }),
]);
type Outcome = { readonly result?: unknown; readonly error?: CliError };

/**
 * Asks the audit service's own program, a process beside this one: it brings the engine and the detectors. What it says on the
 * way goes to stderr; resolves to its answer, or throws what it could not do.
 */
export async function askHistory(request: Readonly<Record<string, unknown>>, cli: Cli): Promise<unknown> {
  const child = fork(program(), [JSON.stringify(request)], {
    cwd: cli.cwd,
    env: cli.env,
    execArgv: [],
    // Our stdin is its 4: see services/audit/history/given.input.ts.
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', 0],
    // JSON knows no NaN: what is none becomes null.
    serialization: 'json',
  });
  let outcome: Outcome = {};
  child.on('message', (sent) => {
    const parsed = message.parse(sent);
    if ('say' in parsed) cli.err(visible(parsed.say));
    else outcome = 'error' in parsed ? { error: problem(parsed.error) } : parsed;
  });
  const code = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve(String(signal ?? status)));
  });
  if (outcome.error) throw outcome.error;
  if (!('result' in outcome)) throw new CliError(exit.failed, `it ended (${code}) before it was done`);
  return outcome.result;
}

function problem({
  code,
  message: text,
  hint,
}: {
  code: string;
  message: string;
  hint?: string | undefined;
}) {
  return new CliError(exitCodeOf(code as ErrorCode), text, code, hint);
}

function program(): string {
  let root = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(root, 'package.json'))) root = dirname(root);
  return join(root, 'dist/services/audit/history/main.js');
}

/** Beside the state directory, not in it: what is there was never recorded by this house. */
export const historyFolder = ({ dataDir }: Cli): string => `${dataDir}-history`;
