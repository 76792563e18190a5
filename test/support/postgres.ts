import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { requirePeer } from './peer.js';

export interface PostgresOptions {
  readonly auth?: 'scram-sha-256' | 'md5' | 'password' | 'trust';
  /** TLS with a self-signed certificate for localhost and 127.0.0.1; `only` refuses plain connections. */
  readonly ssl?: boolean | 'only';
  /** Further lines of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly superuser: string;
  readonly password: string;
  readonly database: string;
  /** The server's own log; `settings: { log_statement: 'all' }` puts every statement there. */
  readonly logFile: string;
  /** PEM, with `ssl`: what a client must trust. */
  readonly certFile: string | undefined;
  readonly pid: number;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

export interface PgBouncerServer {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  readonly logFile: string;
  stop(): Promise<void>;
}

const superuser = 'postgres';
const password = 'correct horse 7 battery';

/** A real PostgreSQL in a folder of its own below the temporary folder, on a free loopback port. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const program = requirePeer('postgres').program;
  const home = privateFolder('weir-pg-');
  const data = join(home, 'data');
  const auth = options.auth ?? 'scram-sha-256';
  const passwordFile = join(home, 'password');
  writeFileSync(passwordFile, password);
  giveAway(passwordFile);
  execFileSync(
    join(dirname(program), 'initdb'),
    [
      '-D',
      data,
      '-U',
      superuser,
      '-A',
      auth,
      `--pwfile=${passwordFile}`,
      '-N',
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
    ],
    { ...unprivileged(), cwd: home, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const certFile = options.ssl ? makeCertificate(home) : undefined;
  const port = await freePort();
  const hba = `local all all ${auth}\n${options.ssl === 'only' ? 'hostssl' : 'host'} all all 127.0.0.1/32 ${auth}\n`;
  writeFileSync(join(data, 'pg_hba.conf'), hba);
  writeFileSync(join(data, 'postgresql.conf'), configuration(home, port, certFile, options.settings), {
    flag: 'a',
  });

  const logFile = join(home, 'postgres.log');
  const child = launch(program, ['-D', data], home, logFile);
  await untilListening(child, port, logFile);
  const stop = () => end(child, 'SIGINT', home);
  return {
    host: '127.0.0.1',
    port,
    superuser,
    password,
    database: 'postgres',
    logFile,
    certFile,
    pid: pidOf(child),
    stop,
  };
}

/** PgBouncer in front of a server, session pooling unless told otherwise; `user` and `password` are the superuser's. */
export async function startPgBouncer(
  target: PostgresServer,
  poolMode: 'session' | 'transaction' = 'session',
): Promise<PgBouncerServer> {
  const program = requirePeer('pgbouncer').program;
  const home = privateFolder('weir-pgb-');
  const port = await freePort();
  const users = join(home, 'users.txt');
  const settings = join(home, 'pgbouncer.ini');
  writeFileSync(users, `"${target.superuser}" "${target.password}"\n`);
  writeFileSync(
    settings,
    [
      '[databases]',
      `* = host=${target.host} port=${target.port}`,
      '[pgbouncer]',
      `listen_addr = 127.0.0.1\nlisten_port = ${port}\nunix_socket_dir =`,
      `auth_type = scram-sha-256\nauth_file = ${users}\npool_mode = ${poolMode}`,
      'max_client_conn = 500\ndefault_pool_size = 200\nignore_startup_parameters = extra_float_digits',
      '',
    ].join('\n'),
  );
  giveAway(users);
  giveAway(settings);
  const logFile = join(home, 'pgbouncer.log');
  const child = launch(program, [settings], home, logFile);
  await untilListening(child, port, logFile);
  return { host: '127.0.0.1', port, pid: pidOf(child), logFile, stop: () => end(child, 'SIGINT', home) };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function configuration(
  home: string,
  port: number,
  certFile: string | undefined,
  settings: Readonly<Record<string, string>> = {},
): string {
  const all = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: home,
    max_connections: '200',
    fsync: 'off',
    full_page_writes: 'off',
    ...(certFile === undefined
      ? {}
      : { ssl: 'on', ssl_cert_file: certFile, ssl_key_file: join(home, 'server.key') }),
    ...settings,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`)
    .join('');
}

function makeCertificate(home: string): string {
  const [certFile, keyFile] = [join(home, 'server.crt'), join(home, 'server.key')];
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  execFileSync('openssl', [...request, '-addext', names, '-keyout', keyFile, '-out', certFile], {
    stdio: 'ignore',
  });
  chmodSync(keyFile, 0o600);
  giveAway(keyFile);
  giveAway(certFile);
  return certFile;
}

/** PostgreSQL and PgBouncer refuse to run as root: then they run as the user `postgres`. */
function unprivileged(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

function giveAway(path: string): void {
  const { uid, gid } = unprivileged();
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

function privateFolder(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  giveAway(folder);
  return folder;
}

function launch(program: string, args: readonly string[], home: string, logFile: string): ChildProcess {
  const log = openSync(logFile, 'a');
  const child = spawn(program, args, { ...unprivileged(), cwd: home, stdio: ['ignore', log, log] });
  closeSync(log);
  const kill = () => child.kill('SIGQUIT');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  return child;
}

/** Waits for the server's own word in its log: a port that accepts may still answer "starting up". */
async function untilListening(child: ChildProcess, port: number, logFile: string): Promise<void> {
  const ready = /ready to accept connections|process up: PgBouncer/;
  for (let waited = 0; waited < 30_000; waited += 50) {
    const log = readFileSync(logFile, 'utf8');
    if (ready.test(log)) return;
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended at start-up:\n${log}`);
    await sleep(50);
  }
  throw new Error(`${child.spawnfile} did not listen on ${port}:\n${readFileSync(logFile, 'utf8')}`);
}

async function end(child: ChildProcess, signal: NodeJS.Signals, home: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }
  rmSync(home, { recursive: true, force: true });
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error(`${child.spawnfile} has no process id`);
  return child.pid;
}
