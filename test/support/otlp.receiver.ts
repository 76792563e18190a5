import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface ReceivedSpan {
  readonly process: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly start: bigint;
  readonly end: bigint;
  readonly isError: boolean;
}

interface Attribute {
  readonly key: string;
  readonly value: {
    readonly stringValue?: string;
    readonly intValue?: number | string;
    readonly boolValue?: boolean;
  };
}
interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
  }[];
}
interface SentSpan extends Pick<ReceivedSpan, 'name' | 'traceId' | 'spanId' | 'kind' | 'links'> {
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code?: number };
}

/** What an OpenTelemetry collector's OTLP/HTTP door takes, in its JSON encoding. */
export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  /** Every byte of every request, head included. */
  raw = '';

  private constructor(private readonly server: Server) {}

  static async start(): Promise<OtlpReceiver> {
    const server = createServer();
    const receiver = new OtlpReceiver(server);
    server.on('request', (request, response) => {
      void text(request).then((body) => {
        receiver.take(body, request.rawHeaders.join('\n'));
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1/traces`;
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((done) => this.server.close(() => done()));
  }

  private take(body: string, head: string): void {
    this.raw += `${head}\n${body}\n`;
    for (const { resource, scopeSpans } of (JSON.parse(body) as Sent).resourceSpans) {
      const process = String(valuesOf(resource.attributes)['service.name']);
      for (const span of scopeSpans.flatMap(({ spans }) => spans))
        this.spans.push({
          ...{ process, name: span.name, traceId: span.traceId, spanId: span.spanId, kind: span.kind },
          ...{
            parentSpanId: span.parentSpanId ?? '',
            links: span.links,
            attributes: valuesOf(span.attributes),
          },
          ...{ start: BigInt(span.startTimeUnixNano), end: BigInt(span.endTimeUnixNano) },
          isError: span.status.code === 2,
        });
    }
  }
}

function valuesOf(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value: { stringValue, intValue, boolValue } }) => [
      key,
      stringValue ?? boolValue ?? Number(intValue),
    ]),
  );
}
