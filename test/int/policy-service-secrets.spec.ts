import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  dropConnectionSecret,
  resolveConnectionSecret,
  storeConnectionSecret,
  storedConnectionSecrets,
} from '#platform';
import { specFolder } from './approval.house.js';

describe('a connection’s password', () => {
  const folder = specFolder();
  afterAll(() => folder.remove());
  const resolve = (passwordRef: string, env = {}) =>
    resolveConnectionSecret({ name: 'orders', passwordRef }, folder.path, env);

  it('comes from where its reference says', async () => {
    writeFileSync(join(folder.path, 'pw'), 'from file\n');
    expect(await resolve('')).toBe('');
    expect(await resolve('env:PW', { PW: 'from env' })).toBe('from env');
    expect(await resolve(`file:${folder.path}/pw`)).toBe('from file');
    const stored = await storeConnectionSecret('orders', 'literal\n', folder.path);
    expect(await resolve(stored)).toBe('literal\n');
    expect(await storedConnectionSecrets(folder.path)).toEqual([stored]);
    await dropConnectionSecret(stored, folder.path);
    await dropConnectionSecret(stored, folder.path);
    await expect(resolve(stored)).rejects.toThrow('connection orders: its stored password cannot be read');
  });

  it.each([
    ['env:NOT_SET', 'connection orders: env:NOT_SET'],
    ['file:/does/not/exist', 'connection orders: file:/does/not/exist'],
    ['file:relative', 'neither env:NAME nor file:/PATH'],
    ['literal:../pw', 'malformed'],
    ['literal:orders.x/../../pw', 'malformed'],
    ['hunter2', 'neither env:NAME nor file:/PATH'],
  ])('is refused for %s', async (ref, message) => {
    writeFileSync(join(folder.path, 'pw'), 'not for you');
    await expect(resolve(ref)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(resolve(ref)).rejects.toThrow(message);
  });

  it('that was written where a reference belongs is not repeated in the message', async () => {
    await expect(resolve('hunter2')).rejects.not.toThrow('hunter2');
  });
});
