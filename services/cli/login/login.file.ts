import { mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { sweepDrafts, writeDurably } from '#kernel';
import { CliError, exit } from '../exit-codes.js';

const login = z.object({
  provider: z.string(),
  issuer: z.string(),
  clientId: z.string(),
  /** Which of the provider's tokens the gate takes. */
  use: z.enum(['access', 'id']),
  token: z.string(),
  /** Milliseconds since the epoch. */
  expiresAt: z.number(),
  refreshToken: z.string().optional(),
});
export type Login = z.infer<typeof login>;
const shape = z.record(z.string(), login);

/** Milliseconds. */
const lockPatience = 20_000;
const staleLock = 30_000;

/** Who is signed in at which gate: `login.json` in the user's configuration folder, readable by them alone. */
export class LoginFile {
  readonly path: string;

  constructor(env: NodeJS.ProcessEnv) {
    const config = env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config');
    this.path = join(config, 'weirkeeper', 'login.json');
  }

  async get(url: string): Promise<Login | undefined> {
    return (await this.#read())[url];
  }

  put(url: string, value: Login): Promise<void> {
    return this.#locked(async () => this.#write({ ...(await this.#read()), [url]: value }));
  }

  async drop(url: string): Promise<void> {
    await this.#locked(async () => {
      const { [url]: _, ...rest } = await this.#read();
      await this.#write(rest);
    });
  }

  /**
   * Changes one login while no other command does: a refresh token may be good for one use, and a second use would
   * end the sign-in.
   */
  async change(url: string, next: (login: Login) => Promise<Login>): Promise<Login | undefined> {
    return this.#locked(async () => {
      const all = await this.#read();
      const before = all[url];
      if (!before) return undefined;
      const after = await next(before);
      if (after !== before) await this.#write({ ...all, [url]: after });
      return after;
    });
  }

  async #read(): Promise<Record<string, Login>> {
    try {
      return shape.parse(JSON.parse(await readFile(this.path, 'utf8')));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
      throw new CliError(exit.failed, `${this.path} cannot be read: remove it and sign in again`);
    }
  }

  async #write(all: Record<string, Login>): Promise<void> {
    await sweepDrafts(dirname(this.path));
    await writeDurably(this.path, `${JSON.stringify(all, null, 2)}\n`);
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    const lock = `${this.path}.lock`;
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    await this.#lock(lock);
    try {
      return await work();
    } finally {
      await rm(lock, { force: true });
    }
  }

  async #lock(lock: string): Promise<void> {
    for (const end = Date.now() + lockPatience; ; await sleep(50)) {
      try {
        return await (await open(lock, 'wx', 0o600)).close();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const since = await stat(lock).then(
        ({ mtimeMs }) => mtimeMs,
        () => Date.now(),
      );
      if (Date.now() - since > staleLock) await rm(lock, { force: true });
      else if (Date.now() > end) throw new CliError(exit.failed, `${lock} is held by another command`);
    }
  }
}
