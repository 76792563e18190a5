import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { requirePeer } from '../../support/peers.js';
import type { Address } from './marked-client.js';

/** `pgbench -M prepared` at one door, begun again whenever it ends, each time under a name of its own. */
export class BenchLoad {
  readonly names: string[] = [];
  /** What it said when it ended by itself and nothing had been killed: nothing, one hopes. */
  readonly output: string[] = [];
  #going = true;
  #child: ChildProcess | undefined;
  readonly #running: Promise<void>;

  constructor(
    private readonly id: string,
    private readonly address: () => Promise<Address>,
    /** Transactions a second, of two clients together. */
    private readonly rate: number,
  ) {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#going = false;
    this.#child?.kill('SIGTERM');
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#going) {
      await this.#once();
      if (this.#going) await sleep(200);
    }
  }

  async #once(): Promise<void> {
    const name = `pgbench-${this.id}-${this.names.length + 1}`;
    this.names.push(name);
    const { host, port, user, database, password } = await this.address();
    const env = {
      ...process.env,
      ...{ PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: database, PGPASSWORD: password },
      ...{ PGAPPNAME: name, PGSSLMODE: 'disable', PGGSSENCMODE: 'disable', PGCONNECT_TIMEOUT: '20' },
    };
    const args = ['-n', '-M', 'prepared', '-c', '2', '-s', '2', '-R', String(this.rate), '-T', '100000'];
    const child = spawn(requirePeer('pgbench').program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    let said = '';
    child.stderr.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-2_000)));
    if (!this.#going) child.kill('SIGTERM');
    await once(child, 'close');
    this.output.push(`${name}: ${said}`);
  }
}
