import { spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sweepDrafts, writeDurably } from '#kernel';
import { eventually, root } from '../support/house.js';

describe('a file that is replaced', () => {
  let folder = '';
  let file = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-durable-'));
    file = join(folder, 'state.json');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is all of the new one, readable by its owner alone, and nothing lies beside it', async () => {
    writeFileSync(file, 'a longer text than the new one', { mode: 0o644 });
    await writeDurably(file, 'new');
    expect([readFileSync(file, 'utf8'), readdirSync(folder)]).toEqual(['new', ['state.json']]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await writeDurably(file, Buffer.from([0, 255]), 0o640);
    expect([[...readFileSync(file)], statSync(file).mode & 0o777]).toEqual([[0, 255], 0o640]);
  });

  it('is one of them, whole, however many write at once', async () => {
    const texts = Array.from({ length: 40 }, (_, i) => `${i}`.repeat(10_000));
    await Promise.all(texts.map((text) => writeDurably(file, text)));
    expect(texts).toContain(readFileSync(file, 'utf8'));
    expect(readdirSync(folder)).toEqual(['state.json']);
  });

  it('stays as it was where the new one cannot take its place', async () => {
    mkdirSync(file);
    await expect(writeDurably(file, 'new')).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
    expect(readdirSync(folder)).toEqual(['state.json']);
    await expect(writeDurably(join(folder, 'none', 'x'), '')).rejects.toThrow('ENOENT');
  });

  it('is the old or the new one after a kill at any moment; what is left beside it is swept later', async () => {
    const module = new URL('dist/libs/kernel/index.js', `file://${root}/`).href;
    const program = `import { writeDurably } from '${module}';
      for (let i = 0; ; i++) { await writeDurably(process.argv[1], String(i % 10).repeat(1e6)); process.stdout.write('.'); }`;
    for (let round = 0; round < 8; round++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program, file], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = 0;
      child.stdout.on('data', (dots: Buffer) => (said += dots.length));
      await eventually(() => said > round);
      const gone = new Promise((done) => child.once('exit', done));
      child.kill('SIGKILL');
      await gone;
      expect(readFileSync(file, 'utf8')).toMatch(/^(\d)\1{999999}$/);
    }
    const young = join(folder, 'other.json.1-1.new');
    writeFileSync(young, '');
    for (const name of readdirSync(folder)) if (join(folder, name) !== young) age(join(folder, name));
    await sweepDrafts(folder, join(folder, 'none'));
    expect(readdirSync(folder)).toEqual(['other.json.1-1.new', 'state.json']);
  }, 60_000);
});

function age(path: string): void {
  const then = new Date(Date.now() - 120_000);
  utimesSync(path, then, then);
}
