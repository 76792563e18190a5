import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { SlowFirst } from './test/support/slow-first.js';

// One run, three places: specs beside the code (no I/O), test/int (real peers), test/e2e (the whole).
export default defineConfig({
  resolve: {
    conditions: ['source'],
    alias: [{ find: /^fast-check$/, replacement: resolve(import.meta.dirname, 'test/support/chance.ts') }],
  },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: [
      'libs/**/*.spec.ts',
      'services/**/*.spec.ts',
      'detect/**/*.spec.ts',
      'test/int/**/*.spec.ts',
      'test/e2e/**/*.spec.ts',
    ],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Its own default is a second: a busy machine is no failure.
    expect: { poll: { timeout: 15_000 } },
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: SlowFirst },
  },
});
