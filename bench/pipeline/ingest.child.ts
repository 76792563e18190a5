import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answer, IngestTask, Lag, Request, Stages } from './ingest.messages.js';

/** What is not in the store by then never will be. Milliseconds. */
const patience = 600_000;

/** The process that ingests, as the one that measures sees it. */
export class IngestChild {
  /** Rows of session events that can be read. */
  rows = 0;
  /** Its processor time when the last batch was stored, µs. */
  processor = 0;
  readonly #waiting = new Set<(answer: Answer) => void>();

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (answer: Answer) => {
      if (answer.kind === 'stored') ({ rows: this.rows, processor: this.processor } = answer);
      for (const wait of this.#waiting) wait(answer);
    });
  }

  static async start(task: IngestTask): Promise<IngestChild> {
    const main = fileURLToPath(new URL('./ingest.process.js', import.meta.url));
    const child = new IngestChild(fork(main, [JSON.stringify(task)], { execArgv: [] }));
    await child.#answer('open');
    return child;
  }

  ingest(): void {
    this.#send('ingest');
  }

  async usage(): Promise<number> {
    this.#send('usage');
    return (await this.#answer('usage')).processor;
  }

  async lag(): Promise<Lag> {
    this.#send('lag');
    return (await this.#answer('lag')).lag;
  }

  async stages(): Promise<Stages> {
    this.#send('stages');
    return (await this.#answer('stages')).stages;
  }

  /** Resolves when so many rows can be read. */
  async stored(rows: number): Promise<void> {
    while (this.rows < rows) await this.#answer('stored');
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }

  #send(request: Request): void {
    this.child.send(request);
  }

  #answer<Kind extends Answer['kind']>(kind: Kind): Promise<Extract<Answer, { kind: Kind }>> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(late);
        this.child.off('exit', gone);
        this.#waiting.delete(wait);
        settle();
      };
      const wait = (answer: Answer) => {
        if (answer.kind === kind) end(() => resolve(answer as Extract<Answer, { kind: Kind }>));
      };
      const gone = () => end(() => reject(new Error('the process that ingests has ended')));
      const late = setTimeout(() => end(() => reject(new Error(`no ${kind} in ${patience} ms`))), patience);
      this.#waiting.add(wait);
      this.child.once('exit', gone);
    });
  }
}
