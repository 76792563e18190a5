import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../support/house.js';
import type { Way } from './both-ways.js';
import { debianSource } from './debian-source.js';

/** Each test file's name with what failed in it; '' where nothing did. */
export type Verdicts = ReadonlyMap<string, string>;

export interface ClientSuite {
  readonly version: string;
  run(way: Way): Promise<Verdicts>;
  clean(): void;
}

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** What its integration tests take besides its own packages. */
const testing = ['async', 'bluebird', 'co', 'pg-copy-streams'];

/**
 * node-postgres's integration tests: from a checkout that WEIR_NODE_POSTGRES names, else from Debian's source
 * package; the packages on npm carry none. A string says why they can't be had.
 */
export async function nodePostgresSuite(): Promise<ClientSuite | string> {
  const named = process.env['WEIR_NODE_POSTGRES'];
  const source = named ? { folder: named } : await debianSource('node-postgres');
  if (typeof source === 'string') return `${source}; WEIR_NODE_POSTGRES may name a checkout of node-postgres`;
  const home = ['packages/pg', 'pg', '.']
    .map((part) => join(source.folder, part))
    .find((folder) => existsSync(join(folder, 'test/integration')));
  if (!home) return `${source.folder} holds no test/integration`;
  return install(home);
}

async function install(home: string): Promise<ClientSuite | string> {
  const scratch = mkdtempSync(join(tmpdir(), 'weir-node-postgres-'));
  const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as Manifest;
  const tests = Object.entries(manifest.devDependencies ?? {}).filter(([name]) => testing.includes(name));
  const dependencies = { ...manifest.dependencies, ...Object.fromEntries(tests) };
  writeFileSync(join(scratch, 'package.json'), JSON.stringify({ private: true, dependencies }));
  const installed = await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: scratch,
  });
  if (installed.code !== 0) {
    rmSync(scratch, { recursive: true });
    return `its dependencies could not be installed: ${installed.stderr.trim().split('\n').at(-1)}`;
  }
  for (const part of ['lib', 'test', 'package.json'])
    cpSync(join(home, part), join(scratch, 'pg', part), { recursive: true });
  return {
    version: manifest.version,
    run: (way) => runAll(join(scratch, 'pg/test/integration'), way),
    clean: () => rmSync(scratch, { recursive: true }),
  };
}

async function runAll(folder: string, way: Way): Promise<Verdicts> {
  const env = {
    ...process.env,
    PGHOST: way.host,
    PGPORT: String(way.port),
    PGUSER: way.user,
    PGPASSWORD: way.password,
    PGDATABASE: way.database,
    TEST_TIMEOUT: '20000',
  };
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const verdicts = new Map<string, string>();
  for (const file of files.filter((each) => each.endsWith('-tests.js')).sort()) {
    verdicts.set(file, await runFile(join(folder, file), folder, env));
  }
  return verdicts;
}

/** Some tests allow themselves a tenth of a second, or 200 sessions in five: on a busy machine they need a second try. */
const tries = 3;

async function runFile(file: string, cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  let said = '';
  for (let i = 0; i < tries; i++) {
    const ran = await run('node', [file], { env, cwd, timeout: 120_000 });
    if (ran.code === 0) return '';
    said = failure(`${ran.stdout}${ran.stderr}`);
  }
  return said;
}

/** The test that failed, and its error's first line. */
function failure(output: string): string {
  const test = /^ {2}(.*?) FAILED!/m.exec(output)?.[1] ?? '';
  const error =
    /^(?:Message: |(?:\w*Error)\b.*?: )(.*)$/m.exec(output)?.[0] ?? output.trim().split('\n').at(-1) ?? '';
  return `${test}: ${error}`.slice(0, 300);
}
