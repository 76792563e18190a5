import { appendFileSync, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Real servers and clients that tests talk to, found on this machine. */
export type PeerName =
  | 'postgres'
  | 'pgbouncer'
  | 'psql'
  | 'pgbench'
  | 'chromium'
  | 'keycloak'
  | 'kafka'
  | 'java'
  | 'mvn'
  | 'go'
  | 'nginx';
/** Those that are one program. */
export type ProgramName = Exclude<PeerName, 'keycloak' | 'kafka'>;

export interface Peer {
  readonly name: PeerName;
  /** The path of its program. */
  readonly program: string;
}

const programs: Readonly<Record<ProgramName, { readonly file: string; readonly env: string }>> = {
  postgres: { file: 'postgres', env: 'WEIR_PEER_POSTGRES' },
  pgbouncer: { file: 'pgbouncer', env: 'WEIR_PEER_PGBOUNCER' },
  psql: { file: 'psql', env: 'WEIR_PEER_PSQL' },
  pgbench: { file: 'pgbench', env: 'WEIR_PEER_PGBENCH' },
  chromium: { file: 'chromium', env: 'WEIR_PEER_CHROMIUM' },
  java: { file: 'java', env: 'WEIR_PEER_JAVA' },
  mvn: { file: 'mvn', env: 'WEIR_PEER_MVN' },
  go: { file: 'go', env: 'WEIR_PEER_GO' },
  nginx: { file: 'nginx', env: 'WEIR_PEER_NGINX' },
};
/** What comes with a declared peer is declared with it. */
const broughtBy: Partial<Record<PeerName, readonly PeerName[]>> = {
  psql: ['postgres'],
  pgbench: ['postgres'],
  java: ['keycloak', 'kafka'],
  mvn: ['keycloak', 'kafka'],
};

/**
 * `const postgres = peer('postgres'); describe.skipIf(!postgres)(…)`: the program named in the environment
 * (WEIR_PEER_POSTGRES=/path/to/postgres), else one on this machine. A peer that WEIR_PEERS declares must be
 * there; an undeclared one that is not is noted for the closing lines of `npm test`, and undefined.
 */
export function peer(name: ProgramName): Peer | undefined {
  const { env } = programs[name];
  const program = process.env[env] || find(programs[name].file);
  if (program && existsSync(program)) return { name, program };
  return absent(name, `not on this machine; install it or set ${env}`);
}

/** What can't be had is an error where WEIR_PEERS declares it; elsewhere it is named at the end of `npm test`. */
export function absent(name: PeerName, why: string, cause?: unknown): undefined {
  const declared = (process.env['WEIR_PEERS'] ?? '').split(',');
  const needed = [name, ...(broughtBy[name] ?? [])].find((each) => declared.includes(each));
  if (needed) throw new Error(`WEIR_PEERS declares ${needed}, but ${name}: ${why}`, { cause });
  note(name, why);
  return undefined;
}

/** The same, for a test that has nothing to do without. */
export function requirePeer(name: ProgramName): Peer {
  const found = peer(name);
  if (!found) throw new Error(`${name} is not on this machine`);
  return found;
}

function find(file: string): string | undefined {
  const path = (process.env['PATH'] ?? '').split(delimiter);
  return [...debianFolders(), ...path, '/usr/sbin', '/usr/local/sbin']
    .map((folder) => join(folder, file))
    .find((candidate) => existsSync(candidate));
}

/** Debian keeps the server's programs off the PATH, a folder a version; the newest first. */
function debianFolders(): string[] {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return [];
  const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(root, version, 'bin'));
}

function note(name: PeerName, why: string): void {
  const file = process.env['WEIR_SKIPPED_FILE'];
  if (file) appendFileSync(file, `${name}: ${why}\n`);
}
