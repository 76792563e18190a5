import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { openJson, sealJson } from '#domain';
import { writeDurably } from '#kernel';
import { transactionLife } from '../sign-in/sign-in.transaction.js';
import type { SamlStatement } from './saml.assertion.js';

const shape = z.strictObject({
  provider: z.string(),
  assertionId: z.string(),
  inResponseTo: z.string(),
  nameId: z.string(),
  nameIdFormat: z.string(),
  subject: z.string(),
  sessionIndex: z.string().optional(),
  groups: z.array(z.string()),
  displayName: z.string().optional(),
  sessionEndsAt: z.number().optional(),
  issuedAt: z.number(),
  usableUntil: z.number(),
});

export type KeptAnswer = SamlStatement & { readonly provider: string };

/**
 * Answers that were verified, until their browsers come for them: a sealed file each, below `<sharedDir>/saml-answers`,
 * so that another process on the same state can finish what this one began. A code is good once, whoever asks.
 */
export class KeptAnswers {
  readonly #dir: string;
  readonly #key: Buffer;

  constructor(sharedDir: string, key: Buffer) {
    this.#dir = join(sharedDir, 'saml-answers');
    this.#key = key;
  }

  /** Resolves to the code: 256 random bits, base64url. */
  async put(answer: KeptAnswer, now: number): Promise<string> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    await this.#sweep(now);
    const code = randomBytes(32).toString('base64url');
    await writeDurably(this.#path(code), sealJson({ ...answer }, this.#key, code));
    return code;
  }

  /** Undefined for what is no code, was taken already, or is too old. */
  async take(code: string, now: number): Promise<KeptAnswer | undefined> {
    if (!/^[A-Za-z0-9_-]{43}$/.test(code)) return undefined;
    try {
      const sealed = await readFile(this.#path(code));
      // Of several at once exactly one unlinks it: the others get ENOENT.
      await unlink(this.#path(code));
      const answer = shape.parse(openJson(sealed, this.#key, code));
      return now < answer.usableUntil ? (answer as KeptAnswer) : undefined;
    } catch {
      return undefined;
    }
  }

  /** What nobody came for. */
  async #sweep(now: number): Promise<void> {
    for (const file of await readdir(this.#dir)) {
      const { mtimeMs } = await stat(join(this.#dir, file)).catch(() => ({ mtimeMs: now }));
      if (mtimeMs + transactionLife < now) await rm(join(this.#dir, file), { force: true });
    }
  }

  /** The name tells nothing of the code. */
  #path(code: string): string {
    return join(this.#dir, createHash('sha256').update(code).digest('hex'));
  }
}
