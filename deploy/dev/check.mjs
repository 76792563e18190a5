// npm run check: types, lint with the import rules, format, proto lint, generated code up to date.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensure, root, run } from './ensure.mjs';

const bin = (name) => join(root, 'node_modules/.bin', name);

export function check() {
  ensure(); // compiles, and so checks the types, whenever a source has changed
  const checks = {
    'types of the pages': () => run(bin('tsc'), ['-p', 'services/console/tsconfig.json']),
    'lint and import rules': () => run(bin('oxlint'), ['--type-aware']),
    format: () => run(bin('prettier'), ['--check', '--log-level=warn', '.']),
    'proto lint': () => run(bin('buf'), ['lint']),
    'generated code is of these protos': generatedIsCurrent,
    'dashboards are of their sources': () => run('node', ['deploy/dev/dashboards.mjs', '--check']),
  };
  console.log('ok     types');
  let failures = 0;
  for (const [name, verify] of Object.entries(checks)) {
    const held = verify() === 0;
    if (!held) failures++;
    console.log(`${held ? 'ok    ' : 'FAILED'} ${name}`);
  }
  return failures === 0 ? 0 : 1;
}

function generatedIsCurrent() {
  const fresh = mkdtempSync(join(tmpdir(), 'weir-gen-'));
  try {
    const status = run(bin('buf'), ['generate', '-o', fresh], { env: { ...process.env, PATH: path() } });
    return status || run('diff', ['-r', '-q', join(fresh, 'libs/events/gen'), 'libs/events/gen']);
  } finally {
    rmSync(fresh, { recursive: true });
  }
}

/** buf looks for its plugin on the PATH. */
function path() {
  return `${join(root, 'node_modules/.bin')}:${process.env.PATH ?? ''}`;
}
