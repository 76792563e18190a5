import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { openJson, sealJson } from '#domain';
import { AppError, writeDurably } from '#kernel';
import type { KeptSecrets } from '../sign-in/sign-in.provider.js';
import { claim, isLeftBehind } from './refresh-claim.file.js';

const idShape = /^pgs_[0-9a-z]{26}$/;
const shape = z.record(z.string(), z.string());

/** What providers gave with page sessions: a sealed file each, below `<sharedDir>/page-sessions`. */
export class KeptSecretsFiles {
  readonly #dir: string;
  readonly #key: Buffer;

  constructor(sharedDir: string, key: Buffer) {
    this.#dir = join(sharedDir, 'page-sessions');
    this.#key = key;
  }

  /** Durable when it resolves: a rotated refresh token that is lost ends the session. */
  async put(id: string, kept: KeptSecrets): Promise<void> {
    const path = this.#path(id);
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    await writeDurably(path, sealJson(kept, this.#key, id));
  }

  /** Undefined where nothing was kept, or it can't be opened: then the provider can't be asked. */
  async get(id: string): Promise<KeptSecrets | undefined> {
    try {
      return shape.parse(openJson(await readFile(this.#path(id)), this.#key, id));
    } catch {
      return undefined;
    }
  }

  async drop(id: string): Promise<void> {
    await rm(this.#path(id), { force: true });
  }

  /** The right to spend what is kept, which one process has at a time: resolves to what gives it back. */
  claim(id: string): Promise<(() => Promise<void>) | undefined> {
    return claim(`${this.#path(id)}.claim`);
  }

  /** Removes what no session needs, and what stands beside (drafts, claims) once nobody can be at it any more. */
  async sweep(isNeeded: (id: string) => boolean): Promise<void> {
    for (const file of await readdir(this.#dir).catch(() => [])) {
      const [id = '', ...more] = file.split('.');
      if (!idShape.test(id)) continue;
      const path = join(this.#dir, file);
      const isRubbish = more.length === 0 ? !isNeeded(id) : await isLeftBehind(path);
      if (isRubbish) await rm(path, { force: true });
    }
  }

  /** Ids come from events: nothing but an id becomes a path. */
  #path(id: string): string {
    if (!idShape.test(id)) throw new AppError('INPUT_INVALID', 'that is not the id of a page session');
    return join(this.#dir, id);
  }
}
