import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import base from '../../vitest.config.js';

/** What `npm test` does a few times, here as often as chance wants. */
const inEarnest = [
  ...['audit-ingest', 'event-log.embedded', 'event-log.kafka', 'journal.crash', 'statement'].map(
    (name) => `test/int/${name}.spec.ts`,
  ),
  'test/e2e/crash/*.spec.ts',
];

// What `npm run test:long` runs: regression suites, crash and fuzz runs, anything past five minutes.
export default defineConfig({
  ...base,
  root: resolve(import.meta.dirname, '../..'),
  test: {
    ...base.test,
    include: ['test/long/**/*.spec.ts', ...inEarnest],
    // Suites beside each other keep the machine busy: PostgreSQL's own, both ways, took over half an hour then.
    testTimeout: 60 * 60_000,
    env: { WEIR_ROUNDS: 'long', WEIR_SETTLE_MS: '4000' },
  },
});
