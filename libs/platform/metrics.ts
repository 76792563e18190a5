import { collectDefaultMetrics, register, type Metric, type MetricObject } from 'prom-client';

/* Metrics as plain numbers: what counts keeps its number and adds to it, and nothing else happens until somebody scrapes.
   prom-client's own counters hash an object of labels at every call, which the hot path does not pay. */

/** One number that grows. `count.value++`. */
export interface Count {
  value: number;
}

interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/** A counter by its labels; `of` makes the number of a set of labels once: keep it where it is counted. */
export class Counts {
  readonly #counts = new Map<string, { readonly labels: Sample['labels']; readonly count: Count }>();

  constructor(readonly family: Family) {
    if (!family.labels?.length) this.of();
    registered(family, 'counter', () => [...this.#counts.values()].map(sampleOf));
  }

  of(...values: readonly string[]): Count {
    const key = values.join('\0');
    let found = this.#counts.get(key);
    if (!found) {
      found = { labels: labelsOf(this.family, values), count: { value: 0 } };
      this.#counts.set(key, found);
    }
    return found.count;
  }
}

/** What a gauge shows of one thing: the values of its labels, and its number. */
export type Reading = readonly [labels: readonly string[], value: number];

/** What is read when somebody asks: a gauge, or what others count. Several may read for it: of each set of labels the last. */
export class Readings {
  readonly #sources = new Set<() => readonly Reading[]>();

  constructor(family: Family, type: 'gauge' | 'counter' = 'gauge') {
    registered(family, type, () => {
      const readings = [...this.#sources].flatMap((read) => read());
      const byLabels = new Map(readings.map((each) => [each[0].join('\0'), each]));
      return [...byLabels.values()].map(([values, value]) => ({ labels: labelsOf(family, values), value }));
    });
  }

  /** Reads by this from now on; returns what ends that. */
  add(read: () => readonly Reading[]): () => void {
    this.#sources.add(read);
    return () => this.#sources.delete(read);
  }
}

/** A histogram without labels. */
export class Spread {
  readonly #counts: Float64Array;
  readonly #bounds: readonly number[];
  #sum = 0;

  /** `bounds`: upper ones, rising; above the last there is one more. */
  constructor(family: Family, bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
    registered(family, 'histogram', () => this.#samples(family.name));
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > bounds[at]!) at++;
    this.#counts[at]!++;
    this.#sum += value;
  }

  #samples(name: string): Sample[] {
    let below = 0;
    const buckets = [...this.#bounds, '+Inf'].map((le, at) => {
      below += this.#counts[at]!;
      return { metricName: `${name}_bucket`, labels: { le }, value: below };
    });
    const sum = { metricName: `${name}_sum`, labels: {}, value: this.#sum };
    return [...buckets, sum, { metricName: `${name}_count`, labels: {}, value: below }];
  }
}

/** One of each in a process, however many applications it boots (tests boot several). */
function registered(family: Family, type: string, samples: () => readonly Sample[]): void {
  const { name, help } = family;
  const get = () => Promise.resolve({ name, help, type, aggregator: 'sum', values: samples() });
  register.registerMetric({ name, get } as unknown as Metric);
}

function sampleOf({ labels, count }: { labels: Sample['labels']; count: Count }): Sample {
  return { labels, value: count.value };
}

function labelsOf({ labels = [] }: Family, values: readonly string[]): Sample['labels'] {
  return Object.fromEntries(labels.map((label, at) => [label, values[at] ?? '']));
}

/** Processor time, memory, event loop: what every process has. */
export function measureProcess(): void {
  if (!register.getSingleMetric('process_cpu_user_seconds_total')) collectDefaultMetrics();
}

/** This process's metrics, each with the process's name, as plain data. */
export async function ownMetrics(process: string): Promise<readonly MetricObject[]> {
  const metrics = (await register.getMetricsAsJSON()) as readonly ValuedMetric[];
  return metrics.map((metric) => ({
    ...metric,
    values: metric.values.map((value) => ({ ...value, labels: { ...value.labels, process } })),
  }));
}

type ValuedMetric = MetricObject & { readonly values: readonly Sample[] };
