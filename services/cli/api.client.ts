import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { ErrorCode } from '#kernel';
import { CliError, exit, exitCodeOf, type ExitCode } from './exit-codes.js';
import { fetchGate, isForeign, notAGate } from './gate.fetch.js';

const problem = z.object({ detail: z.string(), code: z.string(), hint: z.string().optional() });

export interface ApiRequest {
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
}

/** The gate's API with one speaker's token. Problem details become CliErrors. */
export class ApiClient {
  constructor(
    private readonly url: string,
    private readonly token: () => Promise<string>,
  ) {}

  /** The answer, as this schema says it is. */
  async json<T extends z.ZodType>(
    schema: T,
    method: string,
    path: string,
    request: ApiRequest = {},
  ): Promise<z.infer<T>> {
    const response = await this.send(method, path, request);
    const body = tryJson(await response.text());
    if (body === undefined) throw notAGate(response);
    const parsed = schema.safeParse(body);
    if (parsed.success) return parsed.data;
    throw new CliError(
      exit.failed,
      `the gate's answer to ${method} ${path} is not understood: are both of one version?`,
    );
  }

  /** The lines of an NDJSON answer, as they come. */
  async *lines(path: string, request: ApiRequest = {}): AsyncGenerator<string> {
    const response = await this.send('GET', path, request);
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of response.body ?? []) {
      rest += decoder.decode(chunk as Uint8Array, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      yield* lines.filter((line) => line !== '');
    }
    if (rest !== '') yield rest;
  }

  async send(method: string, path: string, { query = {}, body }: ApiRequest = {}): Promise<Response> {
    const url = new URL(`${this.url}/api${path}`);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, value);
    const response = await fetchGate(url.href, {
      method,
      headers: {
        authorization: `Bearer ${await this.token()}`,
        ...(method === 'GET' ? {} : { 'idempotency-key': randomUUID() }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw await refusal(response, `${method} /api${path}`);
    return response;
  }
}

async function refusal(response: Response, asked: string): Promise<CliError> {
  const text = await response.text();
  const parsed = problem.safeParse(tryJson(text));
  if (!parsed.success && isForeign(response.status)) return notAGate(response);
  if (!parsed.success) {
    const said = `the gate answered ${response.status} to ${asked}`;
    return new CliError(
      byStatus(response.status),
      said,
      undefined,
      isAway(response.status) ? away : undefined,
    );
  }
  const { detail, code, hint } = parsed.data;
  return new CliError(exitCodeOf(code as ErrorCode), detail, code, hint);
}

/** What a front says for a service that does not answer. */
const isAway = (status: number) => [502, 503, 504].includes(status);
const away =
  'the service that has this path is away: services/all/api/routes.json says which it is, its own /readyz what it waits for';

function byStatus(status: number): ExitCode {
  return status === 401 || status === 403 ? exit.refused : exit.failed;
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
