import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { Counts } from './metrics.js';
import { problemOf, type Problem } from './problem.js';

const errors = new Counts({
  ...{ name: 'weir_api_errors_total', help: 'Errors that callers of the API were told, by code' },
  labels: ['code'],
});

/** Seconds. A 503 is about something that is away or starts: it passes. */
const retryAfter = '5';

/** The parts of Fastify's reply that are used here. */
interface Reply {
  readonly sent: boolean;
  status(code: number): Reply;
  header(name: string, value: string): Reply;
  send(body: string): unknown;
}

/** The one edge where errors become HTTP answers. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #log = new Logger('http');

  catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error;
    const problem = problemOf(error);
    errors.of(problem.code).value++;
    if (problem.status >= 500)
      this.#record(error, problem, host.switchToHttp().getRequest<{ url?: string }>());
    const reply = host.switchToHttp().getResponse<Reply>();
    if (reply.sent) return;
    if (problem.status === 401) reply.header('www-authenticate', challenge(problem));
    if (problem.status === 503) reply.header('retry-after', retryAfter);
    reply
      .status(problem.status)
      .header('content-type', 'application/problem+json')
      .header('cache-control', 'no-store')
      .send(JSON.stringify(problem));
  }

  #record(error: unknown, problem: Problem, request: { url?: string }): void {
    const path = request.url?.split('?')[0];
    if (problem.status === 500)
      this.#log.error({ message: String(error), error, path, instance: problem.instance });
    else this.#log.warn({ message: problem.detail, code: problem.code, path });
  }
}

/** RFC 6750, section 3: without a token no error code is named. */
function challenge(problem: Problem): string {
  const realm = 'Bearer realm="weirkeeper"';
  return problem.code === 'UNAUTHENTICATED' ? realm : `${realm}, error="invalid_token"`;
}
