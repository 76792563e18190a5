import { spawn, type ChildProcess } from 'node:child_process';
import { expect } from 'vitest';

/** A psql that somebody types into. */
export class Psql {
  output = '';
  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (data: Buffer) => (this.output += data.toString()));
    child.stdin!.on('error', () => undefined);
  }

  /** `env`: libpq's. */
  static async open(env: NodeJS.ProcessEnv): Promise<Psql> {
    const args = ['-X', '-At', '-v', 'VERBOSITY=verbose'];
    return new Psql(spawn('psql', args, { env: { ...process.env, ...env }, stdio: 'pipe' }));
  }

  type(line: string): void {
    this.child.stdin!.write(`${line}\n`);
  }

  async shows(text: string, timeoutMs = 20_000): Promise<void> {
    await expect.poll(() => this.output, { timeout: timeoutMs }).toContain(text);
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}
