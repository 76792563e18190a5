import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDevSecrets } from '../../services/identity/dev-provider/dev-secrets.file.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'weir-dev-secrets-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('of services that start at once are those of whoever was first', async () => {
  const shared = join(dir, 'shared');
  const all = await Promise.all(Array.from({ length: 8 }, () => openDevSecrets(shared)));
  for (const each of [...all, await openDevSecrets(shared)]) expect(each).toEqual(all[0]);
  expect(statSync(join(shared, 'dev-idp.json')).mode & 0o777).toBe(0o600);
});
