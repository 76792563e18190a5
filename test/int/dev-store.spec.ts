import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { adapterOf, DevStore } from '../../services/identity/dev-provider/dev-store.file.js';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'weir-dev-store-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function started(errors: Error[] = []) {
  const Adapter = adapterOf(new DevStore(join(folder, 'store.json'), (error) => void errors.push(error)));
  return new Adapter('AuthorizationCode');
}

it('knows a used code as used after a start, and an unused one as unused', async () => {
  const first = started();
  await first.upsert('used', { grantId: 'g' }, 60);
  await first.upsert('unused', { grantId: 'g' }, 60);
  await first.consume('used');
  const second = started(); // at once: the process may have died right after its answer
  expect(await second.find('used')).toMatchObject({ grantId: 'g', consumed: expect.any(Number) as number });
  expect(await second.find('unused')).toEqual({ grantId: 'g' });
  await second.revokeByGrantId('g');
  expect([await second.find('used'), await second.find('unused')]).toEqual([undefined, undefined]);
});

it('says what it cannot keep, and goes on', async () => {
  const errors: Error[] = [];
  const store = started(errors);
  rmSync(folder, { recursive: true });
  await store.upsert('code', {}, 60);
  await store.consume('code');
  expect([errors.length > 0, await store.find('code')]).toMatchObject([
    true,
    { consumed: expect.any(Number) as number },
  ]);
});
