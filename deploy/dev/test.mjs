// npm test: all that needs at most five minutes; its last lines name what was skipped, and why.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensure, run } from './ensure.mjs';

/** Suites of half a minute and more each; CI runs them, and so does their name. */
const slow = Object.keys(JSON.parse(readFileSync('test/slow.json', 'utf8')));

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
