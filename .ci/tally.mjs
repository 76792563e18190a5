// Reads vitest's JSON report: "passed failed" on the first line, then a failure a line, "file<TAB>test".
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const { numPassedTests = 0, testResults } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const failures = testResults.flatMap((file) => {
  const name = relative(process.cwd(), file.name);
  const failed = file.assertionResults.filter((test) => test.status === 'failed');
  // A file that fails before its first test has no failed test to name.
  if (failed.length === 0 && file.status === 'failed')
    return [`${name}\t(the file itself): ${shortened(file.message ?? '')}`];
  return failed.map((test) => `${name}\t${test.fullName}: ${shortened(test.failureMessages[0] ?? '')}`);
});

/** What a reader needs to know first: the start of a message, on one line. */
function shortened(message) {
  const line = message.replace(/\x1b\[[0-9;]*m/g, '').replace(/\s+/g, ' ');
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

console.log([`${numPassedTests} ${failures.length}`, ...failures].join('\n'));
