import { spawn, type ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import { eventually, freePort } from './house.js';
import { requirePeer } from './peer.js';

/** Of a server that listens on loopback and lives as long as a test run. */
export const admin = { user: 'admin', password: 'correct horse 9 battery' };

/** Half of it is enough for a realm; the compiler that optimizes most would cost more than it gives in so short a life. */
const java = '-Xms64m -Xmx512m -XX:MaxMetaspaceSize=256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1';

export interface KeycloakOptions {
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** A Keycloak in development mode, with its database in its own folder, on a free loopback port. */
export class KeycloakProcess {
  #output = '';

  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
  ) {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data: Buffer) => (this.#output = (this.#output + data.toString()).slice(-100_000)));
  }

  static async start(
    home: string,
    { args: more = [], env = {} }: KeycloakOptions = {},
  ): Promise<KeycloakProcess> {
    const port = await freePort();
    const args = ['start-dev', '--http-host=127.0.0.1', `--http-port=${port}`, '--cache=local', ...more];
    const child = spawn('sh', [join(home, 'bin/kc.sh'), ...args], {
      cwd: home,
      env: { ...environment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Its script starts Java twice the first time: the group is what is ended.
      detached: true,
    });
    const process = new KeycloakProcess(`http://127.0.0.1:${port}`, child);
    try {
      await process.#ready();
      return process;
    } catch (error) {
      await process.stop();
      throw new Error(`Keycloak did not come up: ${String(error)}\n${process.#output}`, { cause: error });
    }
  }

  stop(): Promise<void> {
    return new Promise((done) => {
      const { child } = this;
      process.off('exit', this.#kill);
      if (child.exitCode !== null || child.signalCode !== null) return done();
      child.once('close', () => done());
      this.#signal('SIGTERM');
      setTimeout(() => this.#signal('SIGKILL'), 20_000).unref();
    });
  }

  readonly #kill = () => this.#signal('SIGKILL');

  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.child.pid!, signal);
    } catch {
      // It has ended.
    }
  }

  async #ready(): Promise<void> {
    process.once('exit', this.#kill);
    await eventually(async () => {
      if (this.child.exitCode !== null) return true;
      const answer = await fetch(`${this.url}/realms/master/.well-known/openid-configuration`);
      return answer.ok;
    }, 240_000);
    if (this.child.exitCode !== null) throw new Error(`it ended with ${this.child.exitCode}`);
  }
}

function environment(): NodeJS.ProcessEnv {
  const { PATH = '', ...env } = process.env;
  return {
    ...env,
    PATH: `${dirname(requirePeer('java').program)}:${PATH}`,
    JAVA_OPTS: java,
    KC_BOOTSTRAP_ADMIN_USERNAME: admin.user,
    KC_BOOTSTRAP_ADMIN_PASSWORD: admin.password,
  };
}
