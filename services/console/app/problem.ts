/** A failed call, as the API's problem details (RFC 9457) say it. */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly hint: string | undefined,
  ) {
    super(detail);
    this.name = 'ApiProblem';
  }
}

interface Details {
  readonly detail?: unknown;
  readonly code?: unknown;
  readonly hint?: unknown;
}

/** What the generated client threw, or what the network did, as a problem that a page can show. */
export function problemOf(error: unknown, response: Response | undefined): ApiProblem {
  if (!response) return new ApiProblem(0, 'UNREACHABLE', 'Weirkeeper does not answer', undefined);
  const { detail, code, hint } = detailsOf(error);
  return new ApiProblem(
    response.status,
    typeof code === 'string' ? code : 'INTERNAL',
    typeof detail === 'string' ? detail : `the gate answered ${response.status}`,
    typeof hint === 'string' ? hint : undefined,
  );
}

function detailsOf(error: unknown): Details {
  if (typeof error === 'object' && error !== null) return error;
  if (typeof error !== 'string') return {};
  try {
    const parsed: unknown = JSON.parse(error);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

/** Whether asking again may help: the network, a restart, a timeout; not a refusal. */
export function mayPass(error: unknown): boolean {
  return error instanceof ApiProblem && (error.status === 0 || error.status >= 500);
}
