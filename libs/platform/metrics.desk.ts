import { AggregatorRegistry, type MetricObject } from 'prom-client';
import { ownMetrics } from './metrics.js';

type Ask = () => Promise<readonly MetricObject[]>;

/** How long another process may take to answer. Milliseconds. */
const patience = 2_000;

/** What `/metrics` serves: this process's, and those of the processes that it started. */
export class MetricsDesk {
  readonly #others = new Map<string, Ask>();

  /** `process`: this one's name, in every sample's label of that name. */
  constructor(readonly process: string) {}

  /** `ask` answers with `ownMetrics` of that process; while it can't, `weir_process_up` says so. */
  add(process: string, ask: Ask): void {
    this.#others.set(process, ask);
  }

  own(): Promise<readonly MetricObject[]> {
    return ownMetrics(this.process);
  }

  /** Prometheus' text. */
  async text(): Promise<string> {
    const others = [...this.#others].map(async ([name, ask]) => [name, await inTime(ask)] as const);
    const answers = await Promise.all(others);
    const up = upOf([
      [this.process, true],
      ...answers.map(([name, found]) => [name, found !== undefined] as const),
    ]);
    const all = [await this.own(), ...answers.flatMap(([, found]) => (found ? [found] : [])), [up]];
    // Every sample has its process's label: none is added to another's, and nothing needs to be left out.
    const each = all.map((metrics) => metrics.map((metric) => ({ ...metric, aggregator: 'sum' })));
    return AggregatorRegistry.aggregate(each as unknown as MetricObject[]).metrics();
  }
}

function upOf(processes: readonly (readonly [string, boolean])[]): MetricObject {
  const values = processes.map(([process, isUp]) => ({ labels: { process }, value: Number(isUp) }));
  const help = 'Whether a process of this instance answered';
  return {
    name: 'weir_process_up',
    help,
    type: 'gauge',
    aggregator: 'sum',
    values,
  } as unknown as MetricObject;
}

async function inTime(ask: Ask): Promise<readonly MetricObject[] | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, patience, undefined)));
  try {
    return await Promise.race([ask(), late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
