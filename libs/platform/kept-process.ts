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
    const child = this.begin();
    this.child = child;
    child.once('error', (error) =>
      this.logger.error(`the ${this.name} process could not be started: ${error.message}`),
    );
    child.once('exit', (code, signal) => {
      if (this.stopping) return;
      if (performance.now() - startedAt > healthyAfter) this.pause = firstPause;
      this.logger.error(
        `the ${this.name} process ended (${signal ?? code}); starting it again in ${this.pause} ms`,
      );
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
