import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Mount } from '#platform';

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

/** Undefined while the audit process is away. */
function read(socketPath: string): Promise<Document | undefined> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/api/openapi.json', timeout: 2_000 }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => resolve(parse(Buffer.concat(chunks).toString())));
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(undefined));
    asked.end();
  });
}

function parse(text: string): Document | undefined {
  try {
    return JSON.parse(text) as Document;
  } catch {
    return undefined;
  }
}
