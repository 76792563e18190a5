import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { eventually, freePort, root } from './house.js';

const dist = process.env['WEIR_TEST_DIST'] ?? join(root, 'dist');
const idle = pathToFileURL(join(dist, 'test/support/idle-machine.js')).href;

export interface ApartOptions {
  /** Of the log: `{ kind: kafka, … }`. */
  readonly eventLog: string;
  /** Absent: the first identity's own address. */
  readonly publicUrl?: string;
  /** Lines below `identity:`, indented; absent: the roles of the development provider. */
  readonly identity?: string;
  /** Lines of weir.yaml below what all have. */
  readonly yaml?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** One process of `./weir start --target=…`, with a state directory of its own. */
export class ApartService {
  #child: ChildProcess | undefined;
  #output = '';

  constructor(
    readonly name: string,
    readonly target: string,
    readonly http: number,
    readonly postgres: number,
    readonly dataDir: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.http}`;
  }

  get log(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  /** Begins; does not wait. */
  begin(): void {
    const listen = `http=127.0.0.1:${this.http},postgres=127.0.0.1:${this.postgres},sql=off`;
    const main = join(dist, 'services/all/main.js');
    const args = ['--import', idle, main, `--target=${this.target}`, '--listen', listen];
    const child = spawn(process.execPath, args, {
      env: { ...this.env, WEIR_DATA: this.dataDir },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => (this.#output += data.toString()));
  }

  async ready(timeoutMs = 120_000): Promise<void> {
    let waitingFor = '';
    await eventually(async () => {
      if (this.isOver) return true;
      const answer = await fetch(`${this.url}/readyz`);
      waitingFor = await answer.text();
      return answer.status === 200;
    }, timeoutMs).catch((cause: unknown) => {
      throw new Error(`${this.name} is not ready: ${waitingFor}\n${this.#output}`, { cause });
    });
    if (this.isOver) throw new Error(`${this.name} ended:\n${this.#output}`);
  }

  get isOver(): boolean {
    const { exitCode, signalCode } = this.#child ?? { exitCode: 0, signalCode: null };
    return exitCode !== null || signalCode !== null;
  }

  end(signal: NodeJS.Signals): Promise<void> {
    return new Promise((done) => {
      const child = this.#child;
      if (!child || this.isOver) return done();
      child.once('exit', () => done());
      child.kill(signal);
    });
  }
}

/** Services apart: one configuration, one shared folder, any number of processes of each target. */
export class Apart {
  readonly services = new Map<string, ApartService>();

  private constructor(
    readonly dir: string,
    private readonly identityPort: number,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  static async build({
    eventLog,
    publicUrl,
    identity: own,
    yaml = '',
    env = {},
  }: ApartOptions): Promise<Apart> {
    const dir = mkdtempSync(join(tmpdir(), 'weir-apart-'));
    const identity = await freePort();
    const lines = [
      `publicUrl: ${publicUrl ?? `http://127.0.0.1:${identity}`}`,
      'identity:',
      own ??
        '  roles: { approver: [approvers], security: [security], auditor: [auditors], operator: [operators] }',
      `policies: ${join(root, 'policies')}`,
      `eventLog: ${eventLog}`,
      yaml,
    ];
    writeFileSync(join(dir, 'weir.yaml'), `${lines.join('\n')}\n`);
    return new Apart(dir, identity, {
      ...process.env,
      ...env,
      WEIR_CONFIG: join(dir, 'weir.yaml'),
      WEIR_SHARED: join(dir, 'shared'),
      NO_COLOR: '1',
    });
  }

  /** The first identity has the port that `publicUrl` names. */
  async begin(name: string, target = name): Promise<ApartService> {
    const http = name === 'identity' ? this.identityPort : await freePort();
    const service = new ApartService(
      ...([name, target, http, await freePort(), join(this.dir, name)] as const),
      this.env,
    );
    this.services.set(name, service);
    service.begin();
    return service;
  }

  /** Each under its own name; resolves when all are ready. */
  async start(...names: readonly string[]): Promise<void> {
    const begun = await Promise.all(names.map((name) => this.begin(name, name.replace(/-\d+$/, ''))));
    await Promise.all(begun.map((service) => service.ready()));
  }

  of(name: string): ApartService {
    return this.services.get(name)!;
  }

  async token(role: string): Promise<string> {
    const file = join(this.dir, 'shared', 'dev-idp.json');
    const secrets = JSON.parse(readFileSync(file, 'utf8')) as {
      clients: Record<string, { id: string; secret: string }>;
    };
    const { id, secret } = secrets.clients[role]!;
    const answer = await fetch(`${this.of('identity').url}/dev-idp/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    return ((await answer.json()) as { access_token: string }).access_token;
  }

  /** Of one service's API. */
  async fetch(service: string, role: string, path: string, body?: unknown): Promise<Response> {
    const authorization = `Bearer ${await this.token(role)}`;
    const posted = { method: 'POST', body: JSON.stringify(body) };
    return fetch(this.of(service).url + path, {
      ...(body === undefined ? {} : posted),
      headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    });
  }

  async json<T>(service: string, role: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.fetch(service, role, path, body);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as T;
  }

  /** Rows of the audit store. */
  async sql(query: string): Promise<Record<string, unknown>[]> {
    type Answer = { columns: { name: string }[]; rows: unknown[][] };
    const { columns, rows } = await this.json<Answer>('audit', 'auditor', '/api/sql', { query });
    return rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i]])));
  }

  /** For node-postgres. */
  async client(proxy: string, database: string, role = 'agent') {
    const password = await this.token(role);
    return { host: '127.0.0.1', port: this.of(proxy).postgres, user: role, database, password };
  }

  /** The id of the request for this text, once it waits, as that approval service knows it. */
  async pending(approval = 'approval'): Promise<string> {
    let id: string | undefined;
    await eventually(async () => {
      type Answer = { approvals: { id: string }[] };
      const path = '/api/approvals?status=pending';
      const { approvals } = await this.json<Answer>(approval, 'approver', path);
      id = approvals[0]?.id;
      return id !== undefined;
    });
    return id!;
  }

  get log(): string {
    return [...this.services.values()].map(({ name, log }) => `--- ${name}\n${log}`).join('\n');
  }

  async down(): Promise<void> {
    await Promise.all([...this.services.values()].map((service) => service.end('SIGKILL')));
    rmSync(this.dir, { recursive: true, force: true });
  }
}
