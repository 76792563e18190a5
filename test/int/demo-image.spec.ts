import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { imageFile, openSeeded } from '../../services/all/demo/demo.image.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-demo-'));

afterAll(() => rmSync(folder, { recursive: true }));

async function sum(): Promise<unknown> {
  const database = await openSeeded(folder);
  const { rows } = await database.query(
    'SELECT count(*) AS count, md5(string_agg(t::text, $1 ORDER BY id)) AS digest FROM tickets t',
    [','],
  );
  const { rows: roles } = await database.query("SELECT FROM pg_roles WHERE rolname = 'shop_service'");
  await database.close();
  return { rows, roles: roles.length };
}

test('the demo database is kept as it was made and read back; what is broken is made anew', async () => {
  const file = imageFile(folder);
  writeFileSync(file, gzipSync(randomBytes(100_000)).subarray(0, 50_000));
  const made = await sum();
  expect(readdirSync(folder)).toEqual([basename(file)]);
  const { mode, size, mtimeMs } = statSync(file);
  expect(mode & 0o777).toBe(0o600);
  expect(size).toBeGreaterThan(1_000_000);
  expect(await sum()).toEqual(made);
  expect(statSync(file).mtimeMs).toBe(mtimeMs);
}, 120_000);
