// npm test: all that needs at most five minutes; its last lines name what was skipped, and why.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensure, run } from './ensure.mjs';

export function test(args) {
  return vitest(args);
}

export function testLong(args) {
  return vitest(['--config', 'test/long/vitest.config.ts', '--passWithNoTests', ...args]);
}

/** WEIR_TEST_REPORT names a file for vitest's JSON report. */
function vitest(args) {
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
  if (lines.length === 0) console.log('skipped: nothing for want of a peer');
  rmSync(scratch, { recursive: true });
  return status;
}
