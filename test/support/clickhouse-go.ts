import { join } from 'node:path';
import { root, run } from './house.js';

/** Compiles test/support/clickhouse-go, with the `go` of this path, into that file. */
export async function buildClickHouseGo(go: string, program: string): Promise<void> {
  const cwd = join(root, 'test/support/clickhouse-go');
  const env = { ...process.env, CGO_ENABLED: '0' };
  const { code, stderr } = await run(go, ['build', '-o', program, '.'], { cwd, env });
  if (code !== 0) throw new Error(stderr);
}
