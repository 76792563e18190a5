import { median, ratio } from './rounds.js';
import { columns, factor, say, type Results } from './report.js';

interface Mark {
  readonly what: string;
  readonly value: number;
  readonly text: (value: number) => string;
  /** What has to be reached, and by which version: the first landing, or in the end. */
  readonly first?: number;
  readonly reach: number;
  /** More is better. */
  readonly more?: boolean;
}

/** The last lines: what was measured here, against what it has to be. */
export function printVerdict(results: Results): void {
  const rows = marksOf(results).map((mark) => [
    mark.what,
    mark.text(mark.value),
    held(mark, mark.first),
    held(mark, mark.reach),
  ]);
  say(`\n${columns([['measured', 'here', 'first landing', 'reach'], ...rows])}`);
}

function held(mark: Mark, bound: number | undefined): string {
  if (bound === undefined) return '';
  const holds = mark.more ? mark.value >= bound : mark.value <= bound;
  return `${mark.more ? 'at least' : 'at most'} ${mark.text(bound)}: ${holds ? 'yes' : 'NO'}`;
}

function marksOf({ lookups, reads, memory, warmStart }: Results): Mark[] {
  const at = (clients: number) => lookups.find((row) => row.clients === clients);
  const [eight, one] = [at(8), at(1)];
  const [byColumn, classified] = reads;
  const shipped = lookups.flatMap((row) => (row.clients === 8 ? row.shipped : []));
  const added = (one?.latency.Weirkeeper?.median ?? NaN) - (one?.latency.direct?.median ?? NaN);
  const times = (value: number) => factor(value);
  const whole = (unit: string) => (value: number) => `${Math.round(value)} ${unit}`;
  return [
    {
      what: 'pgbench -S -M prepared, 8 clients, of PgBouncer',
      value: ratio(eight?.tps.Weirkeeper, eight?.tps.PgBouncer),
      ...{ text: times, first: 0.45, reach: 0.6, more: true },
    },
    {
      what: 'pgbench -S -M prepared, 1 client, median added to direct',
      ...{ value: added, text: whole('µs'), reach: 80 },
    },
    {
      what: '500,000 rows, two columns masked by column, times direct',
      value: ratio(byColumn?.times.Weirkeeper, byColumn?.times.direct),
      ...{ text: times, first: 4, reach: 1.6 },
    },
    {
      what: '500,000 rows, classifiers on every text column too, times direct',
      value: ratio(classified?.times.Weirkeeper, classified?.times.direct),
      ...{ text: times, reach: 2.5 },
    },
    {
      what: `memory of the gate above idle, ${(memory.bytes / 1024 ** 3).toFixed(1)} GiB through one session`,
      value: memory.peak - memory.idle,
      ...{ text: whole('MiB'), reach: 64 },
    },
    {
      what: 'events a second, journal to ClickHouse row, as many as a core could',
      value: 1e6 / median(shipped.map(({ processor }) => processor)),
      ...{ text: whole('/s'), reach: 50_000, more: true },
    },
    {
      what: `backlog of a burst (${Math.round(median(shipped.map(({ backlog }) => backlog)))} events) is in ClickHouse after`,
      value: median(shipped.map(({ drainSeconds }) => drainSeconds)),
      text: (value) => `${value.toFixed(1)} s`,
      reach: 10,
    },
    {
      what: 'npm start to ready, warm, demo database and audit included',
      ...{ value: warmStart, text: (value: number) => `${value.toFixed(1)} s`, reach: 5 },
    },
  ];
}
