import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Link,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { SpanBegin, TraceSpan } from './span.js';

/* Loaded only where traces are configured. Neither the API's global provider nor a context manager is registered: spans
   are handed on by hand, since AsyncLocalStorage would turn on async hooks for every socket write. */

export interface Exporting {
  begin(name: string, begin: SpanBegin): TraceSpan;
  close(): Promise<void>;
}

/** Sends spans to an OTLP/HTTP receiver. What it does not take is dropped, never waited for. */
export function exportTo(url: string, process: string, instance: string): Exporting {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.namespace': 'weirkeeper',
      'service.name': process,
      'service.instance.id': instance,
    }),
    spanProcessors: [
      new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url }), scheduledDelayMillis: 1000 }),
    ],
  });
  const tracer = provider.getTracer('weirkeeper');
  return {
    begin: (name, begin) => new OtlpSpan(tracer, name, begin),
    close: () => provider.shutdown().catch(() => undefined),
  };
}

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

class OtlpSpan implements TraceSpan {
  readonly #span: Span;

  constructor(
    private readonly tracer: Tracer,
    name: string,
    { kind = 'internal', attributes = {}, links = [], at }: SpanBegin,
    parent?: Span,
  ) {
    const context = parent ? trace.setSpan(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
    const startTime = epochMs(at);
    const begin = { kind: kinds[kind], attributes, links: links.map(linkTo), startTime };
    this.#span = tracer.startSpan(name, begin, context);
  }

  get traceparent(): string {
    const { traceId, spanId } = this.#span.spanContext();
    return `00-${traceId}-${spanId}-01`;
  }

  child(name: string, begin: SpanBegin = {}): TraceSpan {
    return new OtlpSpan(this.tracer, name, begin, this.#span);
  }

  set(attributes: NonNullable<SpanBegin['attributes']>): void {
    this.#span.setAttributes(attributes);
  }

  end({ error, at }: { error?: string | undefined; at?: number } = {}): void {
    if (error !== undefined) {
      this.#span.setAttribute('error.type', error);
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#span.end(epochMs(at));
  }
}

function linkTo(traceparent: string): Link {
  const [, traceId = '', spanId = ''] = traceparent.split('-');
  return { context: { traceId, spanId, traceFlags: 1, isRemote: true } };
}

/** Of `performance.now()`; both ends of a span by the same clock. */
function epochMs(at = performance.now()): number {
  return performance.timeOrigin + at;
}
