import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from './house.js';
import { absent, peer, requirePeer } from './peer.js';

/** It runs on Java 17, which is Debian 12's. */
const version = '4.1.1';
/** Of the names and digests of all that Maven brings for it. */
const sha256 = '1b99f073a43e87b2736a310489b83812e46b68a9b65835edd475056461ae1646';
/** A goal by its full name, so that no newer plugin is looked for. */
const copyGoal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

/** Where Kafka's jars are. */
export interface KafkaPeer {
  readonly libs: string;
}

/**
 * Apache Kafka for tests, from Maven Central where Java and Maven are, kept below the user's cache folder: 45 jars,
 * 43 MB. Undefined, and named at the end of `npm test`, where it can't be had.
 */
export async function findKafka(): Promise<KafkaPeer | undefined> {
  if (!peer('java')) return undefined;
  const libs = join(cacheFolder(), `kafka-${version}`);
  if (existsSync(libs)) return { libs };
  if (!peer('mvn')) return undefined;
  try {
    await download(libs);
    return { libs };
  } catch (error) {
    return absent('kafka', error instanceof Error ? error.message : String(error), error);
  }
}

function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'weirkeeper');
}

/** In a folder aside, which then gets its name: what is there is whole, whoever else downloads at the same time. */
async function download(libs: string): Promise<void> {
  await mkdir(cacheFolder(), { recursive: true });
  const aside = await mkdtemp(`${libs}.new-`);
  try {
    await writeFile(join(aside, 'pom.xml'), pom);
    const args = ['-q', '-B', copyGoal, '-DincludeScope=runtime', `-DoutputDirectory=${join(aside, 'libs')}`];
    const options = { cwd: aside, timeout: 10 * 60_000 };
    const { code, stdout } = await run(requirePeer('mvn').program, args, options);
    if (code !== 0) throw new Error(`Maven does not bring it: ${stdout.slice(0, 500)}`);
    const found = await digestOf(join(aside, 'libs'));
    if (found !== sha256) throw new Error(`what Maven brought is not the pinned Kafka, but ${found}`);
    if (!existsSync(libs)) await rename(join(aside, 'libs'), libs);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function digestOf(folder: string): Promise<string> {
  const digest = createHash('sha256');
  for (const name of (await readdir(folder)).sort()) {
    const own = createHash('sha256').update(await readFile(join(folder, name)));
    digest.update(`${name} ${own.digest('hex')}\n`);
  }
  return digest.digest('hex');
}

const dependency = (group: string, artifact: string, wanted: string) =>
  `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${wanted}</version></dependency>`;

/** With a logger, or a broker that does not come up would not say why. */
const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>test</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    ${dependency('org.apache.kafka', 'kafka_2.13', version)}
    ${dependency('org.slf4j', 'slf4j-simple', '1.7.36')}
  </dependencies>
</project>
`;
