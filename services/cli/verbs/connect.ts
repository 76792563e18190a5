import { existsSync, readFileSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { isLoopbackHost } from '#wire';
import { isOnPath, runProgram } from '../connect/client.program.js';
import type { GateAddress } from '../connect/gate.dial.js';
import { createLocalListener } from '../connect/local.listener.js';
import { CliError, exit, usageError, type ExitCode } from '../exit-codes.js';
import { inline } from '../render.js';
import { parseVerb, required, type Cli, type Verb } from '../verb.js';

const me = z.looseObject({ subject: z.string(), gate: z.object({ postgres: z.string() }) });

export const connect: Verb = {
  name: 'connect',
  summary: 'a local address for a connection: fetches tokens, verifies TLS, opens psql or your command',
  usage: `weir connect NAME [--listen ADDRESS] [--gate HOST:PORT] [--tls-ca FILE] [-- COMMAND…]

Listens on loopback for PostgreSQL clients and takes them to the gate: with a fresh token for each, over TLS
with the gate's certificate verified. At a terminal it opens psql; with a COMMAND it runs that with PGHOST,
PGPORT, PGUSER and PGDATABASE set and ends with its exit code; otherwise it prints an address and waits.
Whoever can reach the address on this machine speaks as you while it is open.

  --listen   127.0.0.1:5433, or a port alone (default: a free port)
  --gate     the gate's PostgreSQL listener (default: as the gate says)
  --tls-ca   PEM, the certificate that the gate must show (default: a local gate's own, tls/server.crt in WEIR_SHARED, else
             WEIR_DATA; else this machine's authorities)

examples:
  ./weir connect demo
  ./weir connect demo -- psql -c 'select * from customers limit 3'
  ./weir connect orders --listen 5433      # for a pool or a tool with a static URL`,

  async run(args, cli) {
    const [own, command] = splitCommand(args);
    const options = {
      listen: { type: 'string' },
      gate: { type: 'string' },
      'tls-ca': { type: 'string' },
    } as const;
    const { values, positionals } = parseVerb(own, options, ['name']);
    const name = required(positionals[0], 'the name of the connection');
    const listen = listenAddress(values.listen ?? '127.0.0.1:0');
    const who = await cli.api('agent').json(me, 'GET', '/identity/me');
    const gate = gateAddress(values.gate ?? who.gate.postgres, values['tls-ca'], cli);
    const server = createLocalListener({
      connection: name,
      gate,
      token: () => cli.token('agent'),
      onError: (message) => cli.err(inline(`weir: ${message}`)),
    });
    const port = await listening(server, listen);
    try {
      return await serveClients({ name, user: who.subject, host: listen.host, port }, command, cli);
    } finally {
      server.close();
    }
  },
};

interface Local {
  readonly name: string;
  readonly user: string;
  readonly host: string;
  readonly port: number;
}

async function serveClients(local: Local, command: readonly string[], cli: Cli): Promise<ExitCode> {
  if (command.length > 0) return runProgram(command, clientEnvironment(local, cli.env));
  if (cli.interactive && isOnPath('psql', cli.env))
    return runProgram(['psql'], clientEnvironment(local, cli.env));
  const url = `postgresql://${encodeURIComponent(local.user)}@${local.host}:${local.port}/${local.name}`;
  cli.out(cli.json ? JSON.stringify({ url, ...local }) : url);
  if (!cli.json) cli.err(hint(url));
  return untilInterrupted();
}

function clientEnvironment({ name, user, host, port }: Local, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { PGPASSWORD: _, PGSERVICE: __, ...rest } = env;
  const way = { PGSSLMODE: 'disable', PGGSSENCMODE: 'disable' };
  return { ...rest, PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: name, ...way };
}

function hint(url: string): string {
  const query = `console.table((await c.query('select 1 as one')).rows)`;
  const script = `import pg from 'pg'; const c = new pg.Client('${url}'); await c.connect(); ${query}; await c.end()`;
  return `listening until Ctrl-C. No password is needed here. Without psql, from this folder:
  node --input-type=module -e "${script}"`;
}

function untilInterrupted(): Promise<ExitCode> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(exit.ok));
  });
}

function splitCommand(args: readonly string[]): [own: readonly string[], command: readonly string[]] {
  const at = args.indexOf('--');
  return at < 0 ? [args, []] : [args.slice(0, at), args.slice(at + 1)];
}

/** Anyone who reaches the listener speaks with the caller's token: so nobody beyond this machine may. */
function listenAddress(text: string): { host: string; port: number } {
  const [, host = '127.0.0.1', port] = /^(?:(.*):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) throw usageError(`--listen ${text}: expected HOST:PORT`);
  const bare = host.replace(/^\[|\]$/g, '');
  if (!isLoopbackHost(bare))
    throw usageError(`--listen ${text}: only loopback is allowed, it asks no password`);
  return { host: bare, port: Number(port) };
}

/** A gate that listens everywhere is reached where its API is. */
function gateAddress(text: string, certFile: string | undefined, cli: Cli): GateAddress {
  const [, host = '', port] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined) throw usageError(`--gate ${text}: expected HOST:PORT`);
  const bare = host.replace(/^\[|\]$/g, '');
  const reached = ['0.0.0.0', '::'].includes(bare) ? new URL(cli.url).hostname : bare;
  return { host: reached, port: Number(port), pinned: pinnedCertificate(certFile, reached, cli) };
}

function pinnedCertificate(given: string | undefined, host: string, cli: Cli): string | undefined {
  const file = given ?? join(cli.dataDir, 'tls/server.crt');
  if (given === undefined && !(isLoopbackHost(host) && existsSync(file))) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new CliError(exit.usage, `${file} cannot be read`, 'USAGE');
  }
}

function listening(server: Server, { host, port }: { host: string; port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(new CliError(exit.failed, `cannot listen on ${host}:${port}: ${error.message}`)),
    );
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}
