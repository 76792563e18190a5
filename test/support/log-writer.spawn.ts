import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A child process that says one line for each thing done. */
export class TalkingChild {
  readonly lines: string[] = [];
  readonly exited: Promise<unknown[]>;
  errors = '';
  readonly #child: ChildProcess;
  #rest = '';
  #onLine: (() => void) | undefined;

  constructor(script: string, args: readonly string[]) {
    this.#child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.exited = once(this.#child, 'exit');
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves once the child has said this many lines; rejects if it ends before. */
  async said(count: number): Promise<void> {
    let ended: string | undefined;
    void this.exited.then(([code, signal]) => {
      ended = String(signal ?? code);
      this.#onLine?.();
    });
    while (this.lines.length < count) {
      if (ended !== undefined)
        throw new Error(`the child ended (${ended}) after ${this.lines.length} lines: ${this.errors}`);
      await new Promise<void>((resolve) => (this.#onLine = resolve));
    }
  }

  /** SIGKILL; resolves once it is gone and all it said has been read. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.kill(signal);
    await closed;
  }

  /** The last line counts only once it is whole. */
  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    this.lines.push(...lines);
    this.#onLine?.();
  }
}
