import { Counter, Gauge, register } from 'prom-client';

/** One of each in a process, however many applications it boots. */
function once<T>(name: string, make: (name: string) => T): T {
  return (register.getSingleMetric(name) as T | undefined) ?? make(name);
}

/** Tries, by what became of them: delivered, failed (tried again), given_up; and dropped: the backlog is full. */
export const deliveries = once(
  'weir_webhook_deliveries_total',
  (name) =>
    new Counter({ name, help: 'Tries to deliver, by outcome', labelNames: ['webhook', 'outcome'] as const }),
);

export const backlog = once(
  'weir_webhook_pending',
  (name) => new Gauge({ name, help: 'Messages not delivered yet', labelNames: ['webhook'] as const }),
);

export const lag = once(
  'weir_webhook_lag_seconds',
  (name) =>
    new Gauge({
      name,
      help: 'Age of the oldest message not delivered yet',
      labelNames: ['webhook'] as const,
    }),
);
