import type { ChildProcess } from 'node:child_process';
import { Logger } from '@nestjs/common';

/** Milliseconds between a death and the next start; doubled each time, up to the last. */
const firstPause = 500;
const longestPause = 30_000;
/** One that lived this long had started well. Milliseconds. */
const healthyAfter = 60_000;
const shutdownGrace = 10_000;

/** Keeps a child process running: one that ends is started again, after a pause that grows while it keeps ending. */
export class KeptProcess {
  private readonly logger: Logger;
  private child: ChildProcess | undefined;
  private timer: NodeJS.Timeout | undefined;
  private pause = firstPause;
  private stopping = false;

  /** `name`: for the log, e.g. `audit`. `begin` starts a new one. */
  constructor(
    private readonly name: string,
    private readonly begin: () => ChildProcess,
  ) {
    this.logger = new Logger(name);
  }

  start(): void {
    const startedAt = performance.now();
    this.child = undefined;
    try {
      const child = this.begin();
      this.child = child;
      child.on('error', (error) => this.logger.error(`the ${this.name} process: ${error.message}`));
      // Not `exit`: what could not be spawned has none.
      child.once('close', (code, signal) => this.startAgain(startedAt, `ended (${signal ?? code})`));
    } catch (error) {
      // Some of what a fork lacks (memory, say) is thrown.
      const why = error instanceof Error ? error.message : 'for no reason that it gave';
      this.startAgain(startedAt, `could not be started (${why})`);
    }
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** From now on its end is no accident: it is not started again. */
  release(): void {
    this.stopping = true;
    clearTimeout(this.timer);
  }

  /** SIGTERM, and SIGKILL where that has not ended it in `graceMs`. */
  async stop(graceMs = shutdownGrace): Promise<void> {
    this.release();
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      child.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      child.kill('SIGTERM');
    });
  }

  private startAgain(startedAt: number, what: string): void {
    if (this.stopping) return;
    if (performance.now() - startedAt > healthyAfter) this.pause = firstPause;
    this.logger.error(`the ${this.name} process ${what}; starting it again in ${this.pause} ms`);
    this.timer = setTimeout(() => this.start(), this.pause);
    this.pause = Math.min(this.pause * 2, longestPause);
  }
}
