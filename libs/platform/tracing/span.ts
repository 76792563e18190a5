/** What a span says. Never a text of a client's, a value, an identity or a target's address: see docs/decisions/tracing.md. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanBegin {
  readonly kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly attributes?: SpanAttributes;
  /** Traceparents of what it has to do with. */
  readonly links?: readonly string[];
  /** `performance.now()`; absent: now. */
  readonly at?: number;
}

/** A span that is recorded: who was not sampled has none. */
export interface TraceSpan {
  /** W3C trace context, of this span. */
  readonly traceparent: string;
  child(name: string, begin?: SpanBegin): TraceSpan;
  set(attributes: SpanAttributes): void;
  /** `error`: what kind of error it ended with. `at` as in SpanBegin. */
  end(outcome?: { readonly error?: string | undefined; readonly at?: number }): void;
}
