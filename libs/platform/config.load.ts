import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { AppError } from '#kernel';
import { checkConfig } from './config.check.js';
import { describe, problemsOf, repeatedKey, type ConfigProblem } from './config.problems.js';
import { listenersOf } from './config.listening.js';
import { configSchema, type WeirConfig } from './config.schema.js';
import { isLoopbackHost } from '#wire';
import { parseAddress } from './address.js';

/**
 * Reads the file that WEIR_CONFIG names, else `weir.yaml` in `cwd`; state goes below WEIR_DATA, else `.weir/`, and what
 * replicas share below WEIR_SHARED, else there, too. WEIR_LISTEN names listeners for this start, before the file's.
 * `policies`, `masking` and `detection.detectors` come back as absolute paths. Every problem of the file is one line of one
 * CONFIG_INVALID.
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env, cwd: string = process.cwd()): WeirConfig {
  const file = resolve(cwd, env['WEIR_CONFIG'] || 'weir.yaml');
  const dataDir = resolve(cwd, env['WEIR_DATA'] || '.weir');
  const sharedDir = resolve(cwd, env['WEIR_SHARED'] || dataDir);
  return parseConfig(readText(file), file, dataDir, {
    sharedDir,
    listening: listenersOf(env['WEIR_LISTEN']),
  });
}

/**
 * The same for a text already read; `file` names it in messages and is what its paths are relative to. `start`: what the
 * start says beside it. Listeners of the start change no `publicUrl`: that is one for all processes of a file.
 */
export function parseConfig(
  text: string,
  file: string,
  dataDir: string,
  { sharedDir = dataDir, listening = {} }: Partial<Pick<WeirConfig, 'sharedDir' | 'listening'>> = {},
): WeirConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const name = basename(file);
  if (document.errors.length > 0) {
    const messages = document.errors.map(
      ({ code, pos: [offset], message }) =>
        `${name}:${lines.linePos(offset).line}: ${(code === 'DUPLICATE_KEY' && repeatedKey(document, offset, lines)) || message}`,
    );
    throw new AppError('CONFIG_INVALID', messages.join('\n'));
  }
  const raw: unknown = document.toJS() ?? {};
  const parsed = configSchema.safeParse(raw);
  const problems = parsed.success ? checkConfig(parsed.data) : problemsOf(parsed.error, configSchema);
  if (problems.length > 0 || !parsed.success)
    throw new AppError('CONFIG_INVALID', problems.map((p) => describe(p, name, document, lines)).join('\n'));
  const config = parsed.data;
  return {
    ...config,
    publicUrl: (document.has('publicUrl') ? config.publicUrl : publicUrlOf(config.listen.http)).replace(
      /\/+$/,
      '',
    ),
    // `api`: the set of policies is the API's, no folder's.
    policies: config.policies === 'api' ? 'api' : resolve(dirname(file), config.policies),
    ...(config.tls === undefined
      ? {}
      : { tls: { cert: pathOf(config.tls.cert, file), key: pathOf(config.tls.key, file) } }),
    ...(config.masking === undefined ? {} : { masking: resolve(dirname(file), config.masking) }),
    ...(config.detection.detectors === undefined
      ? {}
      : {
          detection: { ...config.detection, detectors: resolve(dirname(file), config.detection.detectors) },
        }),
    listen: { ...config.listen, ...listening },
    file,
    dataDir,
    sharedDir,
    listening,
  };
}

/**
 * What a service found wrong after the file was parsed (what a reference stands for, say), as one CONFIG_INVALID
 * that names file, line and key, like the file's own problems.
 */
export function configInvalid(
  { file }: Pick<WeirConfig, 'file'>,
  problems: readonly ConfigProblem[],
): AppError {
  const lines = new LineCounter();
  const document = parseDocument(existsSync(file) ? readText(file) : '', { lineCounter: lines });
  const messages = problems.map((problem) => describe(problem, basename(file), document, lines));
  return new AppError('CONFIG_INVALID', messages.join('\n'));
}

/** `file:PATH` or a path, relative to the file that names it. */
function pathOf(text: string, file: string): string {
  return resolve(dirname(file), text.replace(/^file:/, ''));
}

/** Without a `publicUrl`, a loopback listener is where people find it; any other keeps the documented default. */
function publicUrlOf(listener: string): string {
  return isLoopbackHost(parseAddress(listener).host) ? `http://${listener}` : 'http://127.0.0.1:8080';
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw new AppError('CONFIG_INVALID', `${file}: the configuration file ${reason}`, {
      cause,
      hint: 'run in the folder of weir.yaml or name the file with WEIR_CONFIG',
    });
  }
}
