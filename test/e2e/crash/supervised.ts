import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../support/house.js';
import type { KafkaNode } from '../../support/kafka.node.js';

/** What is killed, and comes back by itself. */
export interface Victim {
  readonly name: string;
  readonly isUp: boolean;
  /** It may be on its way up. */
  readonly isThere: boolean;
  /** Resolves once it is gone; it comes back after so many milliseconds. */
  kill(downMs: number): Promise<void>;
}

const keptOutput = 200_000;
/** How often an ended process is begun again. Milliseconds. */
const again = 500;

/** A process as an orchestrator keeps it: begun again whenever it ends, ready when it says so. */
export class Supervised implements Victim {
  /** Ends that nobody here has asked for. */
  readonly ownEnds: string[] = [];
  output = '';
  #child: ChildProcess | undefined;
  #isUp = false;
  #wanted = true;
  #killed = false;
  #downMs = 0;
  #running: Promise<void> | undefined;

  constructor(
    readonly name: string,
    private readonly launch: () => ChildProcess,
    private readonly ready: () => Promise<boolean>,
  ) {}

  get isUp(): boolean {
    return this.#isUp;
  }

  get isThere(): boolean {
    return this.#child !== undefined && alive(this.#child);
  }

  async start(timeoutMs = 180_000): Promise<void> {
    this.#wanted = true;
    this.#running ??= this.#keep();
    await eventually(() => this.#isUp, timeoutMs).catch((error: unknown) => {
      throw new Error(`${this.name}: ${String(error)}\n${this.output.slice(-5_000)}`, { cause: error });
    });
  }

  async kill(downMs = 0): Promise<void> {
    this.#downMs = downMs;
    await this.#end('SIGKILL');
  }

  /** In good order, and for good until it is started again. */
  async stop(): Promise<void> {
    this.#wanted = false;
    await this.#end('SIGTERM');
    await this.#running;
    this.#running = undefined;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#isUp = false;
    if (!child || !alive(child)) return;
    this.#killed = true;
    const gone = once(child, 'exit');
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), 30_000);
    await gone;
    clearTimeout(late);
  }

  async #keep(): Promise<void> {
    while (this.#wanted) {
      await this.#once();
      const { ownEnds } = this;
      if (!this.#killed) ownEnds.push(`${this.name} ended by itself: ${this.output.slice(-600)}`);
      await sleep(this.#killed ? this.#downMs : again);
      this.#killed = false;
      this.#downMs = 0;
    }
  }

  /** From its start to its end. */
  async #once(): Promise<void> {
    const child = this.launch();
    this.#child = child;
    const orphan = () => child.kill('SIGKILL');
    process.once('exit', orphan);
    for (const stream of [child.stdout, child.stderr])
      stream?.on(
        'data',
        (data: Buffer) => (this.output = (this.output + data.toString()).slice(-keptOutput)),
      );
    const ended = once(child, 'exit');
    while (alive(child) && !this.#isUp && !this.#killed) {
      this.#isUp = await this.ready().catch(() => false);
      await Promise.race([ended, sleep(100)]);
    }
    await ended;
    this.#isUp = false;
    process.off('exit', orphan);
  }
}

const alive = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null;

/** A broker under the same hand. */
export class SupervisedBroker implements Victim {
  readonly name = 'broker';
  #isUp = true;

  constructor(private readonly node: KafkaNode) {}

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Kafka itself is not what is tested: a broker is killed when it serves. */
  get isThere(): boolean {
    return this.#isUp;
  }

  async kill(downMs: number): Promise<void> {
    this.#isUp = false;
    await this.node.kill();
    void sleep(downMs)
      .then(() => this.node.start())
      .then(() => (this.#isUp = true));
  }
}
