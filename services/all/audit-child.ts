import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';

/** Milliseconds between a death and the next start; doubled each time, up to the last. */
const firstPause = 500;
const longestPause = 30_000;
/** One that lived this long had started well. Milliseconds. */
const healthyAfter = 60_000;
const shutdownGrace = 10_000;

/**
 * Keeps the audit process running. It alone opens the audit store: chDB blocks its process on large inserts, and
 * its death must end no session. Events wait in the log until it is back.
 */
export class AuditChild {
  private readonly logger = new Logger('audit-child');
  private child: ChildProcess | undefined;
  private timer: NodeJS.Timeout | undefined;
  private pause = firstPause;
  private stopping = false;

  constructor(private readonly env: NodeJS.ProcessEnv) {}

  start(): void {
    const startedAt = performance.now();
    const main = fileURLToPath(new URL('../audit/main.js', import.meta.url));
    const child = fork(main, {
      // chDB's queries hold threads of libuv's pool: name look-ups and key fetches must not wait for them.
      env: { ...this.env, UV_THREADPOOL_SIZE: '16' },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.child = child;
    child.once('error', (error) =>
      this.logger.error(`the audit process could not be started: ${error.message}`),
    );
    child.once('exit', (code, signal) => {
      if (this.stopping) return;
      if (performance.now() - startedAt > healthyAfter) this.pause = firstPause;
      this.logger.error(`the audit process ended (${signal ?? code}); starting it again in ${this.pause} ms`);
      this.timer = setTimeout(() => this.start(), this.pause);
      this.pause = Math.min(this.pause * 2, longestPause);
    });
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), shutdownGrace);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      child.kill('SIGTERM');
    });
  }
}
