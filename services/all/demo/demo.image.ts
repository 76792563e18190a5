import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { PGlite } from '@electric-sql/pglite';
import { writeDurably } from '#kernel';
import { demoStatements } from './demo.seed.js';

const ending = '.tgz';

/**
 * The demo database in memory, as it always begins. Making a cluster and filling it takes 3.5 s of processor time,
 * reading one back 0.9: so what the first start made is kept in `folder`, under a name that says of what.
 */
export async function openSeeded(folder: string): Promise<PGlite> {
  const file = imageFile(folder);
  const read = existsSync(file) ? await readImage(file).catch(() => undefined) : undefined;
  if (read) return read;
  const database = await PGlite.create();
  for (const statement of demoStatements()) await database.exec(statement);
  await database.exec('CHECKPOINT');
  // A start that can't keep it (a full disk) is only slower the next time.
  await keepImage(database, file).catch(() => undefined);
  return database;
}

/** Whatever else the file holds, it must know the demo's tables: what is broken is made anew. */
async function readImage(file: string): Promise<PGlite> {
  // Unpacked here: where PGlite does it, a broken file ends the process.
  const loadDataDir = new Blob([new Uint8Array(gunzipSync(readFileSync(file)))]);
  const database = await PGlite.create({ loadDataDir });
  await database.query('SELECT FROM customers, cards, orders, tickets LIMIT 1');
  return database;
}

async function keepImage(database: PGlite, file: string): Promise<void> {
  const image = await database.dumpDataDir('gzip');
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const other of readdirSync(folder))
    if (other.endsWith(ending)) rmSync(join(folder, other), { force: true });
  await writeDurably(file, Buffer.from(await image.arrayBuffer()));
}

/** Named by PGlite's version and the seed: another of either is another image. */
export function imageFile(folder: string): string {
  const { resolve } = createRequire(import.meta.url);
  const manifest = join(dirname(resolve('@electric-sql/pglite')), '..', 'package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const digest = createHash('sha256').update(JSON.stringify([version, demoStatements()]));
  return join(folder, `${digest.digest('hex').slice(0, 16)}${ending}`);
}
