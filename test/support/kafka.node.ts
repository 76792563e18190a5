import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { eventually, run } from './house.js';
import type { KafkaPeer } from './kafka.dist.js';
import { requirePeer } from './peer.js';

/** Half of it is enough for some topics; the compiler that optimizes most would cost more than it gives in so short a life. */
const jvm = ['-Xms64m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** One broker's process. Its data outlives it, so that it can be killed and started again. */
export class KafkaNode {
  #child: ChildProcess | undefined;
  #output = '';

  constructor(
    private readonly peer: KafkaPeer,
    private readonly properties: string,
    private readonly port: number,
  ) {}

  /** Once, before the first start. */
  async format(clusterId: string, scram: readonly string[]): Promise<void> {
    const users = scram.flatMap((user) => ['--add-scram', user]);
    const args = ['format', '-t', clusterId, '-c', this.properties, ...users];
    const { code, stdout, stderr } = await run(this.#java, this.#args('kafka.tools.StorageTool', args));
    if (code !== 0) throw new Error(`Kafka's storage can't be made: ${stdout}${stderr}`);
  }

  async start(): Promise<void> {
    const child = spawn(this.#java, this.#args('kafka.Kafka', [this.properties]), {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    process.once('exit', this.#killNow);
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => (this.#output = (this.#output + data.toString()).slice(-100_000)));
    await eventually(async () => this.#ended || (await answers(this.port)), 90_000);
    if (this.#ended) throw new Error(`Kafka did not come up:\n${this.#output}`);
  }

  /** In good order. */
  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Stands still and keeps its connections; `false`: goes on. */
  freeze(frozen: boolean): void {
    this.#child?.kill(frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  get output(): string {
    return this.#output;
  }

  get #ended(): boolean {
    const { exitCode, signalCode } = this.#child ?? { exitCode: 0, signalCode: null };
    return exitCode !== null || signalCode !== null;
  }

  get #java(): string {
    return requirePeer('java').program;
  }

  #args(main: string, args: readonly string[]): string[] {
    const log = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';
    return [...jvm, log, '-cp', join(this.peer.libs, '*'), main, ...args];
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    process.off('exit', this.#killNow);
    if (!this.#child || this.#ended) return;
    const gone = once(this.#child, 'close');
    this.#child.kill(signal);
    const late = setTimeout(this.#killNow, 20_000);
    await gone;
    clearTimeout(late);
  }

  readonly #killNow = () => void this.#child?.kill('SIGKILL');
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
