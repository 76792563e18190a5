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

const hint = 'start it with `npm start`, or name another with WEIR_URL';
