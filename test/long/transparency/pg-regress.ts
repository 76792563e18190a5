import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../../support/house.js';
import { peer } from '../../support/peers.js';
import type { Way } from './both-ways.js';
import { debianSource } from './debian-source.js';

/** What each test of the suite printed, by the test's name. */
export type Outputs = ReadonlyMap<string, string>;

export interface Suite {
  readonly server: string;
  readonly suite: string;
  run(way: Way): Promise<Outputs>;
}

/** PostgreSQL's own regression suite for the server of this machine; or why it can't be had. */
export async function regressionSuite(): Promise<Suite | string> {
  const postgres = peer('postgres');
  if (!postgres) return 'postgres is not on this machine';
  const bin = dirname(postgres.program);
  const server = /[\d.]+/.exec((await run(postgres.program, ['--version'])).stdout)?.[0] ?? '';
  const major = server.split('.')[0]!;
  const driver = join(dirname(bin), 'lib/pgxs/src/test/regress/pg_regress');
  if (!existsSync(driver))
    return `pg_regress is not on this machine (Debian: postgresql-server-dev-${major})`;
  if ((await run('gcc', ['--version'])).code !== 0) return 'gcc is not on this machine';
  const source = await debianSource(`postgresql-${major}`, await installedVersion(major));
  if (typeof source === 'string') return source;
  return {
    server,
    suite: source.version.replace(/-.*/, ''),
    run: (way) => regress(way, bin, driver, source.folder),
  };
}

async function installedVersion(major: string): Promise<string> {
  return (await run('dpkg-query', ['-W', '-f', '${Version}', `postgresql-${major}`])).stdout.trim();
}

/** Both ways must see the same paths: tests print them. */
const workshop = join(tmpdir(), `weir-regress-${process.pid}`);

async function regress(way: Way, bin: string, driver: string, source: string): Promise<Outputs> {
  rmSync(workshop, { recursive: true, force: true });
  mkdirSync(join(workshop, 'out/results'), { recursive: true });
  try {
    const input = join(workshop, 'in');
    for (const part of ['sql', 'expected', 'data', 'parallel_schedule', 'resultmap'])
      cpSync(join(source, 'src/test/regress', part), join(input, part), { recursive: true });
    compile(source, bin, join(workshop, 'lib'));
    openToServer();
    const options = {
      inputdir: input,
      outputdir: join(workshop, 'out'),
      dlpath: join(workshop, 'lib'),
      bindir: bin,
      host: way.host,
      port: way.port,
      user: way.user,
      dbname: way.database,
      schedule: join(input, 'parallel_schedule'),
      'max-connections': 20,
    };
    const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    const env = { ...process.env, PGPASSWORD: way.password, PGSSLMODE: 'disable', PGGSSENCMODE: 'disable' };
    // It ends with an error if one test differs from what is expected: here only the two ways are compared.
    const ran = await run(driver, ['--use-existing', ...args], { env, cwd: workshop });
    const outputs = readOutputs(join(workshop, 'out/results'));
    if (outputs.size === 0) throw new Error(`pg_regress ran nothing: ${ran.stdout}\n${ran.stderr}`);
    return outputs;
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

/** The C functions that tests load into the server: its own, and two of contrib that triggers.sql takes. */
function compile(source: string, bin: string, into: string): void {
  mkdirSync(into, { recursive: true });
  const include = execFileSync(join(bin, 'pg_config'), ['--includedir-server'], { encoding: 'utf8' }).trim();
  for (const file of ['src/test/regress/regress.c', 'contrib/spi/refint.c', 'contrib/spi/autoinc.c']) {
    const name = file.replace(/.*\//, '').replace('.c', '.so');
    const flags = ['-O1', '-fPIC', '-shared', '-w', '-D_GNU_SOURCE', `-I${include}`];
    execFileSync('gcc', [...flags, '-o', join(into, name), join(source, file)]);
  }
}

/** The server runs as another user: it reads the suite's data, and writes files beside the results. */
function openToServer(): void {
  execFileSync('chmod', ['-R', 'a+rX', workshop]);
  for (const folder of ['out', 'out/results']) chmodSync(join(workshop, folder), 0o777);
}

function readOutputs(folder: string): Outputs {
  const files = readdirSync(folder).filter((file) => file.endsWith('.out'));
  return new Map(files.map((file) => [file.slice(0, -4), readFileSync(join(folder, file), 'latin1')]));
}
