import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** A file, one line that it may hold, and one that the linter must refuse with this message. */
const imports: readonly (readonly [file: string, good: string, bad: string, message: RegExp])[] = [
  ['libs/kernel/a.ts', 'node:fs', '#events', /libs\/kernel may import no lib only/],
  ['libs/events/a.ts', '#kernel', '#event-log', /libs\/events may import #kernel only/],
  ['libs/statement/a.ts', 'libpg-query', '#platform', /libs\/statement may import/],
  ['libs/wire/a.ts', '#kernel', '@nestjs/common', /only Nest lib/],
  [
    'libs/platform/a.ts',
    '@nestjs/common',
    '../../services/proxy/gate/gate.js',
    /may not import services\/proxy/,
  ],
  ['libs/masking/deep/a.ts', '../b.js', '../../kernel/errors.js', /by its root: #kernel/],
  ['libs/masking/b.ts', './deep/c.js', '#masking', /relative path/],
  ['libs/event-log/kafka/a.ts', 'kafkajs', 'lmdb', /lmdb appears below libs\/event-log\/embedded/],
  ['libs/event-log/embedded/a.ts', 'lmdb', 'kafkajs', /kafkajs appears below/],
  ['libs/audit-store/a.ts', '@clickhouse/client', 'lmdb', /lmdb appears below/],
  [
    'services/audit/a.ts',
    '#audit-store',
    '@clickhouse/client',
    /@clickhouse\/client appears below libs\/audit-store/,
  ],
  ['services/audit/b.ts', '@nestjs/common', 'chdb/connection', /chdb appears below libs\/audit-store/],
  [
    'services/policy/a.ts',
    './b.js',
    '../approval/approval.fold.js',
    /only services\/all imports other services/,
  ],
  ['dashboards/a.ts', '@grafana/grafana-foundation-sdk/stat', '#kernel', /a dashboard may import/],
  ['dashboards/b.ts', './parts/panels.js', '../libs/kernel/errors.js', /a dashboard may import/],
  ['services/audit/d.ts', './b.js', '@grafana/grafana-foundation-sdk/stat', /appears below dashboards/],
  ['services/all/a.ts', '../approval/approval.module.js', '../../libs/kernel/errors.js', /by its root/],
  ['services/proxy/a.ts', './postgres/index.js', '../cli/main.js', /only services\/all/],
  ['services/proxy/postgres/a.ts', '../gate/gate.js', '@nestjs/common', /knows no Nest/],
  ['services/proxy/postgres/b.ts', '#wire', '../mysql/codec.js', /may not import the protocol mysql/],
  ['services/proxy/ssh/a.ts', '#kernel', '#event-log', /a protocol folder may import/],
  [
    'services/proxy/gate/a.ts',
    '#event-log',
    '../../../test/support/peers.js',
    /may not import test\/support/,
  ],
  ['services/console/ui/a.tsx', '@tanstack/react-query', '#kernel', /pages import no lib/],
  ['services/console/ui/b.tsx', '../app/me.js', '../../all/main.js', /nothing of other rooms/],
  ['services/console/ui/c.tsx', 'radix-ui', 'node:fs', /a page may import/],
  ['services/all/c.ts', 'node:fs', 'react', /react appears below services\/console/],
  ['detect/simulator/a.ts', '#events', '#audit-store', /detect\/simulator may import #kernel, #events only/],
  [
    'detect/simulator/naive/a.ts',
    '../simulate.js',
    '../../score/score.js',
    /detect\/simulator may not import detect\/score/,
  ],
  [
    'detect/simulator/b.ts',
    'node:fs',
    '../../services/audit/ingest/ingest.js',
    /may not import services\/audit/,
  ],
  ['detect/score/a.ts', '../simulator/index.js', '@clickhouse/client', /appears below libs\/audit-store/],
  [
    'detect/score/b.ts',
    '../../services/audit/detection/detect.js',
    '../../services/audit/ingest/ingest.js',
    /detect\/score may not import services\/audit/,
  ],
  [
    'services/cli/a.ts',
    './verb.js',
    '../audit/history/score.run.js',
    /services\/cli may not import services\/audit/,
  ],
  [
    'detect/score/c.ts',
    '../../services/audit/history/alarms.js',
    '../../services/cli/render.js',
    /detect\/score may not import services\/cli/,
  ],
  ['test/int/a.ts', '../../services/all/main.js', '#kernel/errors', /only a lib's root/],
];

/** Code that is refused whatever it imports, and its like that is not. */
const code: readonly (readonly [file: string, good: string, bad: string, rule: RegExp])[] = [
  ['libs/kernel/c1.ts', 'export const a = 1;', 'export default 1;', /no-default-export/],
  [
    'libs/kernel/c2.ts',
    'export const f = (a: unknown) => a;',
    'export const f = (a: any) => a;',
    /no-explicit-any/,
  ],
  [
    'libs/kernel/c3.ts',
    'export async function f() { await Promise.resolve(1); }',
    'export async function f() { await f(); f(); }',
    /no-floating-promises/,
  ],
  [
    'libs/kernel/c4.ts',
    "import type { A } from './x.js'; export const f = (a: A) => a;",
    "import { A } from './x.js'; export const f = (a: A) => a;",
    /consistent-type-imports/,
  ],
  // A program of another service is started by who may, and is no import.
  [
    'services/cli/history/history.program.ts',
    "export const program = 'dist/services/audit/history/main.js';",
    "export const program = 'dist/services/audit/main.js';",
    /may not start dist\/services\/audit\/main\.js/,
  ],
  [
    'services/cli/c5.ts',
    "export const program = 'dist/services/cli/main.js';",
    "export const program = 'dist/services/audit/history/main.js';",
    /may not start dist\/services\/audit\/history\/main\.js/,
  ],
];

const cases = [
  ...imports.map(([file, good, bad, says]) => ({ file, good: from(good), bad: from(bad), says })),
  ...code.map(([file, good, bad, says]) => ({ file, good, bad, says })),
];

function from(specifier: string): string {
  return `export * from '${specifier}';`;
}

interface Diagnostic {
  readonly filename: string;
  readonly code: string;
  readonly message: string;
}

let house: string;
let complaints: Map<string, string>;

beforeAll(() => {
  house = mkdtempSync(join(tmpdir(), 'weir-lint-'));
  writeFileSync(join(house, 'tsconfig.json'), '{"compilerOptions":{"strict":true,"module":"nodenext"}}');
  for (const { file, good, bad } of cases) {
    mkdirSync(join(house, dirname(file)), { recursive: true });
    writeFileSync(join(house, file), `${good}\n`);
    writeFileSync(join(house, file.replace('.ts', '.bad.ts')), `${bad}\n`);
  }
  const oxlint = join(root, 'node_modules/.bin/oxlint');
  const args = ['-c', join(root, '.oxlintrc.json'), '--type-aware', '-f', 'json', '.'];
  const { stdout } = spawnSync(oxlint, args, { cwd: house, encoding: 'utf8' });
  complaints = new Map();
  for (const { filename, code: rule, message } of (JSON.parse(stdout) as { diagnostics: Diagnostic[] })
    .diagnostics)
    complaints.set(filename, `${complaints.get(filename) ?? ''}${rule}: ${message}\n`);
});
afterAll(() => rmSync(house, { recursive: true }));

describe('the linter', () => {
  it.each(cases)('in $file takes «$good» and refuses «$bad»', ({ file, says }) => {
    expect(complaints.get(file)).toBeUndefined();
    expect(complaints.get(file.replace('.ts', '.bad.ts'))).toMatch(says);
  });
});
