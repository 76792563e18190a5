// npm test: all that needs at most five minutes; its last lines name what was skipped, and why.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensure, run } from './ensure.mjs';

/** Suites of half a minute and more each; CI runs them, and so does their name. */
const slow = [
  'test/e2e/apart.spec.ts',
  'test/e2e/apart-workers.spec.ts',
  'test/e2e/compose-keycloak.spec.ts',
  'test/e2e/crash.spec.ts',
  'test/e2e/crash/**',
  'test/e2e/kafka.spec.ts',
  'test/e2e/leaks/**',
  'test/e2e/page-replicas.spec.ts',
  'test/e2e/pages.spec.ts',
  'test/e2e/replicas.spec.ts',
  'test/e2e/sign-in-keycloak.spec.ts',
  'test/e2e/stale.spec.ts',
  'test/e2e/verify.spec.ts',
  'test/int/audit-pair.spec.ts',
  'test/int/event-log.kafka.spec.ts',
  'test/int/event-log.kafka-topics.spec.ts',
];

export function test(args) {
  const left = args.length > 0 || process.env.CI ? [] : slow;
  return vitest([...left.flatMap((path) => ['--exclude', path]), ...args], left);
}

export function testLong(args) {
  return vitest(['--config', 'test/long/vitest.config.ts', '--passWithNoTests', ...args]);
}

/** WEIR_TEST_REPORT names a file for vitest's JSON report. */
function vitest(args, left = []) {
  ensure();
  const scratch = mkdtempSync(join(tmpdir(), 'weir-test-'));
  const skipped = join(scratch, 'skipped');
  const report = process.env.WEIR_TEST_REPORT;
  const reporters = report ? ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`] : [];
  const status = run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...args], {
    env: { ...process.env, WEIR_SKIPPED_FILE: skipped },
  });
  const lines = existsSync(skipped) ? readFileSync(skipped, 'utf8').trim().split('\n') : [];
  for (const line of new Set(lines)) console.log(`skipped: ${line}`);
  for (const path of left) console.log(`skipped: ${path}: it takes long; CI=1 npm test runs everything`);
  if (lines.length + left.length === 0) console.log('skipped: nothing for want of a peer');
  rmSync(scratch, { recursive: true });
  return status;
}
