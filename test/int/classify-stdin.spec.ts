import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../services/cli/cli.js';

async function weir(chunks: readonly (string | Buffer)[], ...args: string[]) {
  const [out, err]: string[][] = [[], []];
  const stdin = Readable.from(
    chunks.map((chunk) => Buffer.from(chunk)),
    { objectMode: false },
  );
  const code = await runCli(['classify', '--stdin', ...args], {
    ...{ stdin: stdin as unknown as NodeJS.ReadStream, out: (text: string) => void out!.push(text) },
    err: (text: string) => void err!.push(text),
  });
  return { code, lines: out!.map((line) => JSON.parse(line) as unknown), err: err!.join('\n') };
}

describe('weir classify --stdin', () => {
  it('prints the spans of each line, with class, place in characters and score', async () => {
    const { code, lines } = await weir(['grüß bob@example.com\nnothing\n\n🎈 4111 1111 1111 1111']);
    expect(code).toBe(0);
    expect(lines).toEqual([
      { line: 1, spans: [{ class: 'email', start: 5, end: 20, score: 0.8 }] },
      { line: 2, spans: [] },
      { line: 3, spans: [] },
      { line: 4, spans: [{ class: 'card', start: 3, end: 22, score: 1 }] },
    ]);
  });

  it('reads lines and characters across chunks', async () => {
    const text = Buffer.from('ü bob@exam|ple.com\n');
    const { lines } = await weir([text.subarray(0, 1), text.subarray(1, 8), text.subarray(8)]);
    expect(lines).toEqual([{ line: 1, spans: [] }]);
    const whole = await weir(['bob@exam', 'ple.com\nx\n']);
    expect(whole.lines).toHaveLength(2);
    expect(whole.lines[0]).toMatchObject({ spans: [{ start: 0, end: 15 }] });
  });

  it('takes own patterns, and cuts a line without end', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-classify-'));
    try {
      writeFileSync(join(folder, 'm.yaml'), "rules: []\npatterns: [{ class: badge, regex: 'B-\\d{6}' }]\n");
      const { lines } = await weir(['B-123456'], '--masking', join(folder, 'm.yaml'));
      expect(lines).toEqual([{ line: 1, spans: [{ class: 'badge', start: 0, end: 8, score: 0.6 }] }]);
      writeFileSync(join(folder, 'm.yaml'), 'rule: []\n');
      expect((await weir([''], '--masking', join(folder, 'm.yaml'))).code).toBe(2);
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect((await weir(['a'.repeat(3 * 1024 * 1024)])).lines).toHaveLength(3);
    expect((await weir([''], 'orders')).code).toBe(2);
  });
});
