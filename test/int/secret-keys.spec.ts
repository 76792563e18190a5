import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDurably, newId } from '#kernel';
import { FileApprovalKeys, secretKeyFile } from '#platform';
import { root } from '../support/house.js';

const platform = new URL('dist/libs/platform/index.js', `file://${root}/`).href;
const kernel = new URL('dist/libs/kernel/index.js', `file://${root}/`).href;

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'weir-keys-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** `program`: says `ready`, then waits for its input to begin. */
function child(program: string): ChildProcess {
  const head = `import { FileApprovalKeys, secretKeyFile } from '${platform}'; import { newId } from '${kernel}';
    const dir = ${JSON.stringify(folder)};
    process.stdout.write('ready\\n'); await new Promise((go) => process.stdin.once('data', go));`;
  return spawn(process.execPath, ['--input-type=module', '-e', `${head}\n${program}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}
const ready = (process: ChildProcess) => new Promise((done) => process.stdout!.once('data', done));
const whole = (dir: string) => readdirSync(dir).filter((name) => !name.endsWith('.new'));

describe('a key', () => {
  it('is whole or not there after a kill at any moment, and a start goes on from either', async () => {
    for (let round = 0; round < 4; round++) {
      const killed = child(`const keys = new FileApprovalKeys(dir);
        for (let i = 0; i < 200; i++) {
          void secretKeyFile(dir + '/keys/' + i + '.key').then(() => process.stdout.write('.'));
          void keys.put(newId('apr'), Buffer.alloc(32, 1)).then(() => process.stdout.write('.'));
        }
        setInterval(() => {}, 1000);`);
      await ready(killed);
      const first = new Promise((done) => killed.stdout!.once('data', done));
      killed.stdin!.write('go');
      await (round % 2 === 0 ? sleep(20 + 15 * round) : first);
      const gone = new Promise((done) => killed.once('exit', done));
      killed.kill('SIGKILL');
      await gone;
    }
    const files = ['keys', 'approval-keys'].flatMap((dir) =>
      whole(join(folder, dir)).map((name) => join(folder, dir, name)),
    );
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((file) => readFileSync(file).length !== 32)).toEqual([]);
    const names = Array.from({ length: 200 }, (_, i) => join(folder, 'keys', `${i}.key`));
    await Promise.all(names.map(secretKeyFile));
  }, 60_000);

  it('is one and the same for several processes that make it at once', async () => {
    const several = Array.from({ length: 4 }, () =>
      child(`const made = [];
        for (let i = 0; i < 100; i++) made.push((await secretKeyFile(dir + '/keys/' + i)).toString('hex'));
        console.log(made.join('\\n')); process.exit();`),
    );
    await Promise.all(several.map(ready));
    const said = several.map(({ stdout }) => text(stdout!));
    for (const { stdin } of several) stdin!.write('go');
    const keys = await Promise.all(said);
    expect(keys[0]).toMatch(/^([0-9a-f]{64}\n){100}$/);
    expect(new Set(keys).size).toBe(1);
    expect(whole(join(folder, 'keys')).length).toBe(100);
    expect(readdirSync(join(folder, 'keys')).length).toBe(100);
  }, 30_000);

  it('of an approval is put once, and destroyed is destroyed', async () => {
    const keys = new FileApprovalKeys(folder);
    const id = newId('apr');
    const puts = [1, 2, 3].map((byte) => keys.put(id, Buffer.alloc(32, byte)));
    const settled = await Promise.allSettled(puts);
    expect(settled.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    expect(settled.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'CONFLICT' },
    });
    const winner = settled.findIndex(({ status }) => status === 'fulfilled') + 1;
    expect(await keys.get(id)).toEqual(Buffer.alloc(32, winner));
    expect(await keys.list()).toEqual([id]);
    await keys.destroy(id);
    expect([await keys.get(id), readdirSync(join(folder, 'approval-keys'))]).toEqual([undefined, []]);
  });
});

describe('a file that is made', () => {
  it('takes no place that is taken, and leaves nothing beside it', async () => {
    const file = join(folder, 'deep', 'er', 'one');
    await createDurably(file, 'first');
    await expect(createDurably(file, 'second')).rejects.toMatchObject({ code: 'EEXIST' });
    expect([readFileSync(file, 'utf8'), readdirSync(join(folder, 'deep', 'er'))]).toEqual(['first', ['one']]);
  });
});
