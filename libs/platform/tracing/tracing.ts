import type { OnApplicationShutdown } from '@nestjs/common';
import type { WeirConfig } from '../config.schema.js';
import type { Exporting } from './otlp.js';
import type { SpanBegin, TraceSpan } from './span.js';

/** Traces of this process: off unless `observability.traces.otlp` names a receiver. */
export class Tracing implements OnApplicationShutdown {
  private constructor(
    private readonly sample: number,
    private readonly exporting: Exporting | undefined,
  ) {}

  static readonly off = new Tracing(0, undefined);

  static async open({ observability }: WeirConfig, process: string, instance: string): Promise<Tracing> {
    const { otlp, sample } = observability.traces;
    if (otlp === undefined) return Tracing.off;
    const { exportTo } = await import('./otlp.js');
    return new Tracing(sample, exportTo(otlp, process, instance));
  }

  get isOn(): boolean {
    return this.exporting !== undefined;
  }

  /** Begins a trace, or not: `sample` of them. What it says is only put together for those. */
  sampled(of: () => { readonly name: string } & SpanBegin): TraceSpan | undefined {
    if (!this.exporting || Math.random() >= this.sample) return undefined;
    const { name, ...begin } = of();
    return this.exporting.begin(name, begin);
  }

  /** Begins a trace about others that were sampled: of none there is none. */
  linked(name: string, links: readonly string[], begin: SpanBegin = {}): TraceSpan | undefined {
    if (!this.exporting || links.length === 0) return undefined;
    return this.exporting.begin(name, { ...begin, links: links.slice(0, mostLinks) });
  }

  /** What was recorded by now is sent, if the receiver takes it in time. */
  async onApplicationShutdown(): Promise<void> {
    if (!this.exporting) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, patience)));
    await Promise.race([this.exporting.close(), late]);
    clearTimeout(timer);
  }
}

/** OpenTelemetry's own limit. */
const mostLinks = 128;
/** Milliseconds. */
const patience = 2_000;
