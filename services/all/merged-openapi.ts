import { once } from 'node:events';
import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Mount } from '#platform';

/** For the audit process's whole answer, milliseconds. */
const longest = 2_000;

type Section = Readonly<Record<string, unknown>>;
interface Document {
  readonly paths?: Section;
  readonly components?: Readonly<Record<string, Section>>;
}

/**
 * One document for the API, although two processes serve it. The audit process's part is kept once it was read:
 * routes do not change while it restarts.
 */
export function mergedOpenApi(own: () => object | undefined, auditSocket: string): Mount {
  let audit: Document | undefined;
  const handle = async (_: IncomingMessage, response: ServerResponse) => {
    audit ??= await read(auditSocket);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(merge((own() ?? {}) as Document, audit ?? {})));
  };
  return { path: '/api/openapi.json', handle: (request_, response) => void handle(request_, response) };
}

function merge(gate: Document, audit: Document): Document {
  const components: Record<string, Section> = { ...audit.components };
  for (const [name, section] of Object.entries(gate.components ?? {}))
    components[name] = { ...components[name], ...section };
  return { ...gate, paths: { ...audit.paths, ...gate.paths }, components };
}

/** Undefined while the audit process is away, or does not answer whole and in time. */
async function read(socketPath: string): Promise<Document | undefined> {
  const asked = request({ socketPath, path: '/api/openapi.json', signal: AbortSignal.timeout(longest) });
  asked.on('error', () => undefined); // `once` has told it; what comes after the answer's head, its stream tells
  asked.end();
  try {
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    const body = await text(answer);
    return answer.statusCode === 200 ? (JSON.parse(body) as Document) : undefined;
  } catch {
    return undefined;
  }
}
