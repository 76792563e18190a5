import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { cp, link, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from './house.js';
import { absent, peer, requirePeer } from './peer.js';
import { KeycloakProcess } from './keycloak.process.js';

/** The newest line that runs on Java 17, which is Debian 12's. */
const version = '26.4.0';
const sha256 = '1b6a11a2726ac8a8dc9c91d5fafe989a75ce4f1622d7f7b45c21d5bc16629c0a';
/** A goal by its full name, so that no newer plugin is looked for. */
const copyGoal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy';

/** Where a Keycloak is: one that runs, or a folder to start one from. */
export type KeycloakPeer = { readonly address: string } | { readonly home: string };

/**
 * Keycloak for tests: the one at WEIR_TEST_KEYCLOAK (http://admin:password@host:port), else one from Maven Central
 * where Java and Maven are, kept below the user's cache folder. The first time takes minutes: 160 MB, and Keycloak's
 * own build. Undefined, and named at the end of `npm test`, where there is neither.
 */
export async function findKeycloak(): Promise<KeycloakPeer | undefined> {
  const address = process.env['WEIR_TEST_KEYCLOAK'];
  if (address) return { address };
  if (!peer('java')) return undefined;
  const home = join(cacheFolder(), `keycloak-${version}`);
  if (existsSync(home)) return { home };
  if (!peer('mvn')) return undefined;
  try {
    await prepare(home);
    return { home };
  } catch (error) {
    return absent('keycloak', error instanceof Error ? error.message : String(error), error);
  }
}

/** A copy to run, with data of its own and the rest by hard links; beside the home, so that they can be. */
export async function copyOfHome(home: string): Promise<string> {
  const copy = await mkdtemp(`${home}.run-`);
  await linkTree(home, copy, ['data']);
  await cp(join(home, 'data'), join(copy, 'data'), { recursive: true });
  return copy;
}

function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'weirkeeper');
}

/** In a folder aside, which then gets its name: what is there is whole, whoever else prepares at the same time. */
async function prepare(home: string): Promise<void> {
  await mkdir(cacheFolder(), { recursive: true });
  const aside = await mkdtemp(`${home}.new-`);
  try {
    await download(aside);
    const unpacked = join(aside, `keycloak-${version}`);
    // The first start builds the server and the schema of its database: half a minute that no other start needs.
    const first = await KeycloakProcess.start(unpacked);
    await first.stop();
    if (!existsSync(home)) await rename(unpacked, home);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** By the machine's own Maven settings. */
async function download(aside: string): Promise<void> {
  const artifact = `org.keycloak:keycloak-quarkus-dist:${version}:zip`;
  const args = ['-q', '-B', copyGoal, `-Dartifact=${artifact}`, `-DoutputDirectory=${aside}`];
  const { code, stdout } = await run(requirePeer('mvn').program, args, { cwd: aside, timeout: 10 * 60_000 });
  if (code !== 0) throw new Error(`Maven does not bring it: ${stdout.slice(0, 500)}`);
  const zip = join(aside, `keycloak-quarkus-dist-${version}.zip`);
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(zip)) digest.update(chunk as Buffer);
  if (digest.digest('hex') !== sha256) throw new Error('what Maven brought is not the pinned Keycloak');
  const unpacked = await run('unzip', ['-q', zip, '-d', aside]);
  if (unpacked.code !== 0) throw new Error(`it can't be unpacked: ${unpacked.stderr || 'is unzip there?'}`);
}

async function linkTree(from: string, to: string, but: readonly string[] = []): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory() && !but.includes(entry.name)) await linkTree(source, target);
    else if (entry.isFile()) await link(source, target);
  }
}
