import { CliError, exit } from './exit-codes.js';

/** fetch, with a gate that is not there as exit code 5. */
export async function fetchGate(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: 'error' });
  } catch (error) {
    const reason =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    const { origin } = new URL(url);
    throw new CliError(
      exit.unreachable,
      `the gate at ${origin} cannot be reached: ${reason}`,
      'UNREACHABLE',
      hint,
    );
  }
}

/** The address of a gate as WEIR_URL gives it. Throws what to write instead. */
export function expectGateUrl(url: string): void {
  if (URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol)) return;
  throw new CliError(
    exit.usage,
    `WEIR_URL is ${JSON.stringify(url)}, which is no address; write it as http://127.0.0.1:8080 or https://weir.example`,
    'INPUT_INVALID',
  );
}

/** What serves this answer is not what was meant: a gate answers in JSON, and its refusals are problem details. */
export function notAGate({ url, status }: Response): CliError {
  return new CliError(
    exit.unreachable,
    `what answers at ${new URL(url).origin} is not a Weirkeeper gate (HTTP ${status})`,
    'UNREACHABLE',
    "set WEIR_URL to the gate's publicUrl, or to its listen.http on this machine",
  );
}

/** Whether a refusal without problem details speaks for something else; a proxy before a gate may say 401 or 502. */
export function isForeign(status: number): boolean {
  return [404, 405, 501].includes(status);
}

const hint = 'start it with `npm start`, or name another with WEIR_URL';
