import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { root } from '../support/house.js';

// Whoever is started next would wait for the store's folder for ever.
it('the audit process ends when its parent is killed while it starts', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'weir-orphan-'));
  writeFileSync(join(dir, 'weir.yaml'), 'listen: { sql: off }\n');
  const env = { ...process.env, WEIR_CONFIG: join(dir, 'weir.yaml'), WEIR_DATA: join(dir, 'state') };
  const child = fork(join(root, 'dist/services/audit/main.js'), {
    ...{ env, execArgv: [] },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const ended = once(child, 'exit').then(() => 'ended');
  try {
    await sleep(300);
    child.disconnect();
    expect(await Promise.race([ended, sleep(15_000)])).toBe('ended');
  } finally {
    child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
}, 30_000);
