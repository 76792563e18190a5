import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import type { MetricsDesk } from '#platform';

/** The metrics of the process that listens on a Unix socket. Rejects while it does not answer. */
export async function metricsOver(socketPath: string): ReturnType<MetricsDesk['own']> {
  const asked = request({ socketPath, path: '/metrics/own', signal: AbortSignal.timeout(2_000) });
  asked.on('error', () => undefined); // `once` has told it; what comes after the answer's head, its stream tells
  asked.end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  if (answer.statusCode !== 200) throw new Error(`it answered ${answer.statusCode}`);
  return (await json(answer)) as Awaited<ReturnType<MetricsDesk['own']>>;
}
