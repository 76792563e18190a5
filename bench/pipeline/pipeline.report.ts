import { columns, say } from '../report.js';
import type { LogResult } from './pipeline.js';

export function printThroughput(results: readonly LogResult[]): void {
  say('\nA full journal, shipped and ingested at once: events a second, and µs of processor time an event');
  const rows = results.map(({ log, throughput: { events, seconds, ship, ingest } }) => [
    log,
    whole(events),
    whole(events / seconds),
    ship.toFixed(1),
    ingest.toFixed(1),
    whole(1e6 / ingest),
    whole(1e6 / (ship + ingest)),
  ]);
  const titles = ['log', 'events', 'events/s, wall', 'ship', 'ingest', 'ingest/s a core', 'all/s a core'];
  say(columns([titles, ...rows]));
  say('\nIngest stage by stage: µs of processor time an event');
  const stages = results.map(({ log, throughput: { stages: s } }) => [
    log,
    ...[s.read, s.decode, s.build, s.encode, s.insert].map((each) => each.toFixed(1)),
    whole(1e6 / (s.read + s.decode + s.build + s.encode + s.insert)),
  ]);
  say(columns([['log', 'read', 'decode', 'rows', 'columns', 'engine', 'events/s a core'], ...stages]));
}

export function printLags(results: readonly LogResult[]): void {
  say('\nAt a steady rate: milliseconds from an event’s time until its row can be read');
  const rows = results.flatMap(({ log, lags }) =>
    lags.map(({ rate, lag }) => [log, whole(rate), whole(lag.p50), whole(lag.p99), whole(lag.max)]),
  );
  say(columns([['log', 'events/s', 'p50', 'p99', 'longest'], ...rows]));
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');
