import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, isAppError } from '#kernel';

/** What a process does between its start and its end. */
export interface Running {
  stop(): Promise<void>;
  /** How long that may take, milliseconds; absent: as long as whoever sent the signal waits. */
  readonly stopMs?: number;
}

export interface RunOptions {
  /**
   * Started by another process, which ends it by SIGTERM or by going itself. Ctrl-C reaches all processes of a terminal, and
   * it is for the first of them to say in which order they end.
   */
  readonly isChild?: boolean;
}

/** A start that is under way when the process is to end has this long to come about, or to fail; a child's ends sooner, before its
 * parent loses patience. Milliseconds. */
const [startGrace, childStartGrace] = [10_000, 5000];
/** What an engine's threads have to let the process go. Milliseconds. */
const exitGrace = 3000;

/**
 * Runs a process from its start to its end, and ends it. SIGTERM, SIGINT and the parent's end are heard from the first moment on:
 * one that comes during the start lets what was begun come about, and ends it in order.
 */
export async function runProcess(
  start: () => Promise<Running>,
  { isChild = false }: RunOptions = {},
): Promise<void> {
  const asked = endAsked(isChild);
  try {
    const running = await Promise.race([start(), tooLate(asked, isChild ? childStartGrace : startGrace)]);
    await asked;
    await Promise.race([running.stop(), tooLate(asked, running.stopMs)]);
    endProcess(0);
  } catch (error) {
    report(error);
    endProcess(1);
  }
}

/** Resolves once, when this process is asked to end. */
function endAsked(isChild: boolean): Promise<void> {
  return new Promise((end) => {
    // Not once: a launcher may repeat it, and the second one must not cut off what the first one began.
    process.on('SIGTERM', () => end());
    if (!isChild) return void process.once('SIGINT', () => end());
    process.on('SIGINT', () => undefined);
    process.once('disconnect', () => end());
    // It went while this one loaded. Undefined, whatever the types say, where there is none.
    if ((process.connected as boolean | undefined) === false) end();
  });
}

async function tooLate(asked: Promise<void>, graceMs: number | undefined): Promise<never> {
  await asked;
  if (graceMs === undefined) return new Promise<never>(() => undefined);
  await sleep(graceMs, undefined, { ref: false });
  throw new AppError('SHUTTING_DOWN', `it did not end within ${graceMs / 1000} s, and is ended now`);
}

/** A wrong configuration is its author's business: one clear text, no stack. */
function report(error: unknown): void {
  if (!isAppError(error) || error.code === 'INTERNAL') return console.error(error);
  process.stderr.write(`weir: ${error.message}${error.hint ? `\n      ${error.hint}` : ''}\n`);
}

/**
 * Ends this process, whatever holds it: `process.exit` waits for the threads of native engines, and one that is in the middle of
 * a query may never come back. No code of this process runs by then, so another one waits, and kills it.
 */
export function endProcess(code: number): never {
  const { pid } = process;
  const wait = `process.stdin.resume().on('end', () => process.exit());
    setTimeout(() => { if (process.ppid === ${pid}) process.kill(${pid}, 'SIGKILL'); process.exit(); }, ${exitGrace});`;
  try {
    const last = spawn(process.execPath, ['-e', wait], {
      ...{ env: {}, detached: true },
      // Its input ends with this process, and then so does it.
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    last.on('error', () => undefined);
  } catch {
    // Nothing more can be started: then without.
  }
  process.exit(code);
}
