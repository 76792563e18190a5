import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseConfig } from '#platform';
import { eventually, root, run, TestHouse, type Ran } from '../support/house.js';

vi.setConfig({ testTimeout: 120_000 });

const page = readFileSync(join(root, 'docs/proof.md'), 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);

describe('docs/proof.md', () => {
  let house: TestHouse;
  let session: string;
  const dir = mkdtempSync(join(tmpdir(), 'weir-docs-proof-'));
  const sink = join(dir, 'worm/weir-checkpoints');

  beforeAll(async () => {
    const [yaml = ''] = blocks('yaml');
    mkdirSync(join(dir, 'worm'));
    house = await TestHouse.start({
      yaml: `${here(yaml).trimEnd()}\n    interval: 1\ndemo: true`,
      env: { WEIR_CHECKPOINT_KEY: '' },
      restless: true,
    });
    symlinkSync(house.dataDir, join(dir, '.weir'));
    const weir = `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'dist/services/cli/main.js')}" "$@"\n`;
    writeFileSync(join(dir, 'weir'), weir, { mode: 0o755 });
    await work();
    await covered();
  }, 120_000);
  afterAll(async () => {
    await house.stop();
    rmSync(dir, { recursive: true });
  });

  /** As the page has it, but for this machine. */
  function here(text: string): string {
    return text.replaceAll('/mnt/worm', join(dir, 'worm')).replaceAll('ses_01k9…', session);
  }

  function paste(text: string): Promise<Ran> {
    const env = { ...process.env, WEIR_URL: house.url, WEIR_DATA: house.dataDir, NO_COLOR: '1' };
    return run('sh', ['-ec', here(text)], { cwd: dir, env });
  }

  async function work(): Promise<void> {
    const client = new Client(await house.client('demo'));
    await client.connect();
    await client.query('select id, email from customers limit 3');
    await client.query('drop table customers').catch(() => undefined);
    await client.end();
    await eventually(
      async () => (await house.sql("select 1 from sessions where end_reason != ''")).length === 1,
    );
    session = String((await house.sql('select session_id from sessions'))[0]!['session_id']);
  }

  /** Until a checkpoint has the session's last event. */
  async function covered(): Promise<void> {
    await eventually(async () => {
      const { code, stdout } = await house.weir('verify', '--session', session);
      return code === 0 && !stdout.includes('younger');
    }, 60_000);
  }

  it('has commands that work, one after another', async () => {
    const commands = blocks('sh').filter((text) => !text.startsWith('mv '));
    expect(commands).toHaveLength(3);
    for (const text of commands) {
      const { code, stdout, stderr } = await paste(text);
      expect([text, code, stderr]).toEqual([text, 0, '']);
      for (const line of stdout.split('\n').filter((each) => each.includes('sessions,')))
        expect(line).toContain('nothing found');
      expect(stdout).not.toContain('unanchored');
    }
  });

  it('rotates the key as it says', async () => {
    await house.kill('SIGTERM');
    const [rotate = ''] = blocks('sh').filter((text) => text.startsWith('mv '));
    expect(await paste(rotate)).toMatchObject({ code: 0 });
    await house.up();
    await eventually(() => readFileSync(join(dir, '.weir/proof/keys'), 'utf8').split('\n').length === 3);
    await eventually(async () => {
      const { code, stdout } = await house.weir(
        'verify',
        '--against',
        sink,
        '--key',
        join(dir, '.weir/proof/keys'),
      );
      return code === 0 && stdout.includes('nothing found');
    });
    // Whoever pinned the old key alone is told.
    const old = await house.weir('verify', '--against', sink, '--key', join(dir, 'weir.pub'));
    expect(old).toMatchObject({ code: 1 });
    expect(old.stdout).toContain('re-signed checkpoint');
  });

  it.each(blocks('yaml').map((text) => [text] as const))('has configuration that is taken: %s', (text) => {
    expect(parseConfig(text, '/etc/weir/weir.yaml', '/var/lib/weir').audit.proof).toBeDefined();
  });

  it('names every finding that the command can have', () => {
    const source = readFileSync(join(root, 'services/cli/verify/finding.ts'), 'utf8');
    const kinds = [...source.matchAll(/^ {2}\| ['`]([a-z -]+)/gm)].map(([, kind = '']) => kind.trim());
    expect(kinds).toHaveLength(12);
    for (const kind of kinds) expect(page).toContain(`\`${kind}`);
  });
});
