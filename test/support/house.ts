import { execFile, spawn, type ChildProcess, type ExecFileOptions } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

/** The repository's root: tests run from sources or from dist. */
export const root = findRoot(import.meta.dirname);
/** What is run: the build beside the sources, or the one that WEIR_TEST_DIST names. */
const dist = process.env['WEIR_TEST_DIST'] ?? join(root, 'dist');

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface HouseOptions {
  /** Lines of weir.yaml below what every house has. */
  readonly yaml?: string;
  /** What stands below `identity:`, each line indented; absent: the development provider and its roles. */
  readonly identity?: string;
  /** With `identity`: a token for each role that the test speaks as; an `auditor` there must be. */
  readonly tokens?: (role: string) => Promise<string>;
  /** Instead of a free port: one that a provider was told before. */
  readonly httpPort?: number;
  readonly masking?: string;
  /** Policy files by name; absent: the shipped ones. */
  readonly policies?: Readonly<Record<string, string>>;
  readonly env?: NodeJS.ProcessEnv;
  /** Options of Node itself, e.g. `--cpu-prof`. */
  readonly nodeFlags?: readonly string[];
  /** What it records is shipped and stored at once, however busy the machine. Not for measurements. */
  readonly restless?: boolean;
}

/** A whole Weirkeeper as `npm start` runs it, on ports and in a folder of its own. */
export class TestHouse {
  private process: ChildProcess | undefined;
  private output = '';
  private errors = '';

  private constructor(
    readonly dir: string,
    readonly httpPort: number,
    readonly postgresPort: number,
    readonly sqlPort: number,
    private readonly env: NodeJS.ProcessEnv,
    private readonly nodeFlags: readonly string[],
    private readonly tokens: HouseOptions['tokens'],
  ) {}

  static async start(options: HouseOptions = {}): Promise<TestHouse> {
    const dir = mkdtempSync(join(tmpdir(), 'weir-house-'));
    const [http, postgres] = [options.httpPort ?? (await freePort()), await freePort()];
    const sql = await freePort();
    const policies = options.policies ? join(dir, 'policies') : join(root, 'policies');
    writeFileSync(join(dir, 'weir.yaml'), configText({ http, postgres, sql }, policies, options));
    if (options.masking !== undefined) writeFileSync(join(dir, 'masking.yaml'), options.masking);
    for (const [name, text] of Object.entries(options.policies ?? {})) {
      const { mkdirSync } = await import('node:fs');
      mkdirSync(policies, { recursive: true });
      writeFileSync(join(policies, name), text);
    }
    const env = {
      ...process.env,
      ...options.env,
      WEIR_CONFIG: join(dir, 'weir.yaml'),
      WEIR_DATA: join(dir, 'state'),
      WEIR_URL: `http://127.0.0.1:${http}`,
      NO_COLOR: '1',
    };
    const house = new TestHouse(dir, http, postgres, sql, env, nodeFlags(options), options.tokens);
    try {
      await house.up();
    } catch (error) {
      // What does not come up must not stay behind.
      await house.stop();
      throw new Error(`the house did not come up: ${String(error)}\n${house.log}`, { cause: error });
    }
    return house;
  }

  get url(): string {
    return `http://127.0.0.1:${this.httpPort}`;
  }

  get dataDir(): string {
    return join(this.dir, 'state');
  }

  get log(): string {
    return this.output;
  }

  /** What it logged, all processes: standard error alone. */
  get logged(): string {
    return this.errors;
  }

  get pid(): number {
    return this.process!.pid!;
  }

  /** Starts it (again) and waits until it takes work, audit included. */
  async up(): Promise<void> {
    const child = spawn(process.execPath, [...this.nodeFlags, join(dist, 'services/all/main.js')], {
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => (this.output += data.toString()));
    child.stderr.on('data', (data: Buffer) => (this.errors += data.toString()));
    await eventually(async () => {
      if (child.exitCode !== null) throw new Fatal(`it ended with ${child.exitCode}:\n${this.output}`);
      const ready = await fetch(`${this.url}/readyz`).catch(() => undefined);
      return ready?.status === 200;
    }, 60_000);
    await eventually(async () => (await this.fetch('auditor', '/api/sessions')).status === 200, 60_000);
  }

  /** Changes weir.yaml; it is read at the next start. */
  configure(change: (text: string) => string): void {
    const file = join(this.dir, 'weir.yaml');
    writeFileSync(file, change(readFileSync(file, 'utf8')));
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    return new Promise((done) => {
      const child = this.process!;
      if (child.exitCode !== null || child.signalCode !== null) return done();
      // One that is asked to end has told all it tells; of one that is killed, others may hold the pipes yet.
      child.once(signal === 'SIGKILL' ? 'exit' : 'close', () => done());
      child.kill(signal);
    });
  }

  async stop(): Promise<void> {
    await this.kill('SIGTERM');
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** `./weir …` against this house. */
  weir(...args: string[]): Promise<Ran> {
    return run(process.execPath, [join(dist, 'services/cli/main.js'), ...args], { env: this.env });
  }

  async token(role: string): Promise<string> {
    if (this.tokens) return this.tokens(role);
    const secrets = JSON.parse(readFileSync(join(this.dataDir, 'dev-idp.json'), 'utf8')) as {
      clients: Record<string, { id: string; secret: string }>;
    };
    const { id, secret } = secrets.clients[role]!;
    const answer = await fetch(`${this.url}/dev-idp/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    return ((await answer.json()) as { access_token: string }).access_token;
  }

  async fetch(role: string, path: string, init: RequestInit = {}): Promise<Response> {
    const authorization = `Bearer ${await this.token(role)}`;
    return fetch(this.url + path, { ...init, headers: { ...init.headers, authorization } });
  }

  async json<T>(role: string, path: string, body?: unknown): Promise<T> {
    const init =
      body === undefined
        ? {}
        : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const answer = await this.fetch(role, path, init);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as T;
  }

  /** Rows of the audit store, as an auditor sees them. */
  async sql(query: string): Promise<Record<string, unknown>[]> {
    type Answer = { columns: { name: string }[]; rows: unknown[][] };
    const { columns, rows } = await this.json<Answer>('auditor', '/api/sql', { query });
    return rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i]])));
  }

  /** Connection values for node-postgres and, as environment, for libpq. */
  async client(connection: string, role = 'agent') {
    return {
      host: '127.0.0.1',
      port: this.postgresPort,
      user: role,
      database: connection,
      password: await this.token(role),
    };
  }

  async psql(connection: string, args: readonly string[], role = 'agent'): Promise<Ran> {
    return run('psql', ['-X', ...args], { env: { ...process.env, ...(await this.libpq(connection, role)) } });
  }

  async libpq(connection: string, role = 'agent'): Promise<Record<string, string>> {
    const { host, port, user, database, password } = await this.client(connection, role);
    return { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: database, PGPASSWORD: password };
  }

  /** The id of the only request that waits, once there is one. */
  async pendingApproval(): Promise<string> {
    let id: string | undefined;
    await eventually(async () => {
      const { approvals } = await this.json<{ approvals: { id: string }[] }>(
        'approver',
        '/api/approvals?status=pending',
      );
      id = approvals[0]?.id;
      return id !== undefined;
    });
    return id!;
  }

  decide(id: string, decision: 'approve' | 'deny', reason = 'seen'): Promise<unknown> {
    return this.json('approver', `/api/approvals/${id}/decision`, { decision, reason });
  }
}

class Fatal extends Error {}

/** Waits until it is true; what it throws counts as not yet. */
export async function eventually(probe: () => Promise<boolean> | boolean, timeoutMs = 20_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  let last: unknown;
  while (Date.now() < end) {
    try {
      if (await probe()) return;
    } catch (error) {
      if (error instanceof Fatal) throw error;
      last = error;
    }
    await sleep(50);
  }
  throw new Error(`not within ${timeoutMs} ms${last instanceof Error ? `: ${last.message}` : ''}`);
}

export function run(file: string, args: readonly string[], options: ExecFileOptions = {}): Promise<Ran> {
  return new Promise((done) => {
    execFile(
      file,
      args,
      { maxBuffer: 256 * 1024 * 1024, ...options, encoding: 'utf8' },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
        done({ code, stdout: String(stdout), stderr: String(stderr) });
      },
    );
  });
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

function configText(
  ports: Readonly<Record<'http' | 'postgres' | 'sql', number>>,
  policies: string,
  options: HouseOptions,
): string {
  return [
    'listen:',
    ...Object.entries(ports).map(([name, port]) => `  ${name}: 127.0.0.1:${port}`),
    'identity:',
    options.identity ??
      '  roles: { approver: [approvers], security: [security], auditor: [auditors], operator: [operators] }',
    `policies: ${policies}`,
    ...(options.masking === undefined ? [] : ['masking: masking.yaml']),
    options.yaml ?? '',
    '',
  ].join('\n');
}

function nodeFlags({ nodeFlags = [], restless = false }: HouseOptions): readonly string[] {
  const idle = pathToFileURL(join(dist, 'test/support/idle-machine.js')).href;
  return restless ? [...nodeFlags, '--import', idle] : nodeFlags;
}

function findRoot(from: string): string {
  return existsSync(join(from, 'package.json')) ? from : findRoot(resolve(from, '..'));
}
