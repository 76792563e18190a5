import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestHouse } from './house.js';

type Json = Record<string, unknown>;
type Answer = (match: RegExpExecArray, request: IncomingMessage) => unknown;

/**
 * STAND-IN, to be deleted: a gate's HTTP side with the parts of the API that are agreed on and not built yet. All
 * else goes to the real gate behind it, with the token of whoever is signed in.
 */
export class StandIn {
  /** Who is signed in, as a role of the development provider; undefined: nobody. */
  role: string | undefined;
  /** Laid over each approval that passes. */
  approvalMore: Json = {
    classes: [],
    estimate: { rows: 1, cost: 8.17 },
    source: { address: '127.0.0.1:50114', program: 'psql' },
  };
  decisionMore: Json = { masks: [], ask: 'the demo shop team' };
  activity: Json | undefined;
  setup: Json | undefined;
  providers: Json[] = [
    { name: 'corp', kind: 'oidc', label: 'Example Corp', signIn: '/api/identity/sign-in/corp', cli: null },
    { name: 'hr', kind: 'saml', label: 'HR directory', signIn: '/api/identity/sign-in/hr', cli: null },
  ];
  /** Answers of the test's own, by path. */
  readonly own = new Map<string, { readonly status: number; readonly body: unknown }>();
  readonly ended: Json[] = [];
  /** Unsafe calls, as they came. */
  readonly unsafe: { readonly path: string; readonly csrf: string | undefined }[] = [];
  readonly csrf = 'the-csrf-token';

  private readonly streams = new Set<ServerResponse>();

  private constructor(
    readonly house: TestHouse,
    private readonly server: Server,
  ) {}

  static async start(house: TestHouse): Promise<StandIn> {
    const server = createServer((incoming, response) => {
      standIn.handle(incoming, response).catch((error: unknown) => response.destroy(error as Error));
    });
    const standIn: StandIn = new StandIn(house, server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return standIn;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get listeners(): number {
    return this.streams.size;
  }

  /** What the gate will say on the stream. */
  tell(item: Json): void {
    for (const stream of this.streams)
      stream.write(`event: approval\ndata: ${JSON.stringify({ ...this.approvalMore, ...item })}\n\n`);
  }

  /** As when a network breaks. */
  breakStreams(): void {
    for (const stream of this.streams) stream.destroy();
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (incoming.url ?? '').split('?')[0]!;
    const isUnsafe = incoming.method !== 'GET' && incoming.method !== 'HEAD';
    if (isUnsafe) this.unsafe.push({ path, csrf: incoming.headers['x-weir-csrf'] as string | undefined });
    const own = this.own.get(path);
    if (own) return send(response, own.status, own.body);
    if (path === '/api/identity/providers') return send(response, 200, { providers: this.providers });
    if (path.startsWith('/api/') && this.role === undefined)
      return send(response, 401, { status: 401, code: 'UNAUTHENTICATED', detail: 'sign in' });
    if (path === '/api/approvals/stream') return this.listen(response);
    for (const [pattern, answer] of this.routes) {
      const match = pattern.exec(`${incoming.method} ${path}`);
      const body = match && (await answer(match, incoming));
      if (body !== undefined && body !== null)
        return send(response, incoming.method === 'DELETE' ? 202 : 200, body);
    }
    return this.forward(incoming, response);
  }

  private readonly routes: readonly (readonly [RegExp, Answer])[] = [
    [/^GET \/api\/setup$/, () => this.setup],
    [/^GET \/api\/activity\//, () => this.activity],
    [/^POST \/api\/identity\/sign-out$/, () => ((this.role = undefined), { continue: null })],
    [
      /^DELETE \/api\/sessions\/(\w+)$/,
      async ([, id], incoming) => (this.ended.push({ id, ...JSON.parse(await textOf(incoming)) }), {}),
    ],
  ];

  private listen(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': ping\n\n');
    this.streams.add(response);
    response.once('close', () => this.streams.delete(response));
  }

  private async forward(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const headers = {
      ...incoming.headers,
      ...(this.role ? { authorization: `Bearer ${await this.house.token(this.role)}` } : {}),
    };
    const { port } = new URL(this.house.url);
    const path = incoming.url ?? '/';
    const asked = request({ host: '127.0.0.1', port, path, method: incoming.method, headers }, (answer) => {
      if (!/\/(problem\+)?json/.test(answer.headers['content-type'] ?? '') || !path.startsWith('/api/')) {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
        return;
      }
      void textOf(answer).then((text) => {
        const body = Buffer.from(JSON.stringify(this.more(path, JSON.parse(text) as Json)));
        response.writeHead(answer.statusCode ?? 502, { ...answer.headers, 'content-length': body.length });
        response.end(body);
      });
    });
    asked.on('error', () => response.destroy());
    incoming.pipe(asked);
  }

  private more(path: string, body: Json): Json {
    if (/^\/api\/identity\/me/.test(path) && typeof body['id'] === 'string')
      return {
        ...body,
        pageSession: { provider: 'corp', csrf: this.csrf, idleUntil: soon(), endsAt: soon() },
      };
    if (/^\/api\/approvals\/\w+$/.test(path)) return { ...this.approvalMore, ...body };
    if (Array.isArray(body['approvals']) && !('id' in body))
      return { approvals: body['approvals'].map((each: Json) => ({ ...this.approvalMore, ...each })) };
    if (/^\/api\/decisions\//.test(path) && typeof body['id'] === 'string')
      return { ...this.decisionMore, ...body };
    return body;
  }
}

function soon(): string {
  return new Date(Date.now() + 3_600_000).toISOString();
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function textOf(stream: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
