import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, createDurably } from '#kernel';

/**
 * The data keys of pending requests, one each, apart from the log: the log keeps the sealed text for ever,
 * and destroying the key is what destroys the text (invariant 5).
 */
export interface ApprovalKeyStore {
  /** Durable when it resolves; before the request is appended. CONFLICT where the request has a key already. */
  put(approvalId: string, key: Buffer): Promise<void>;
  /** Undefined once destroyed. */
  get(approvalId: string): Promise<Buffer | undefined>;
  /** Resolves when the key is gone; one that never was is no error. */
  destroy(approvalId: string): Promise<void>;
  /** The requests that still have a key. */
  list(): Promise<string[]>;
}

const idShape = /^[a-z]{1,10}_[0-9a-z]{26}$/;

/** A file a key, below `<sharedDir>/approval-keys`, readable by this user alone. */
export class FileApprovalKeys implements ApprovalKeyStore {
  readonly #dir: string;

  constructor(sharedDir: string) {
    this.#dir = join(sharedDir, 'approval-keys');
  }

  async put(approvalId: string, key: Buffer): Promise<void> {
    await createDurably(this.#path(approvalId), key).catch((cause: NodeJS.ErrnoException) => {
      throw cause.code === 'EEXIST' ? exists(approvalId) : cause;
    });
  }

  async get(approvalId: string): Promise<Buffer | undefined> {
    return readFile(this.#path(approvalId)).catch(unlessMissing);
  }

  /** Overwritten before it is unlinked: of little use on flash, of some on a disk. */
  async destroy(approvalId: string): Promise<void> {
    const path = this.#path(approvalId);
    const file = await open(path, 'r+').catch(unlessMissing);
    if (!file) return;
    try {
      const { size } = await file.stat();
      await file.write(Buffer.alloc(size), 0, size, 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await rm(path, { force: true });
  }

  async list(): Promise<string[]> {
    const files = (await readdir(this.#dir).catch(unlessMissing)) ?? [];
    return files.filter((file) => idShape.test(file));
  }

  /** Ids come from events and from URLs: nothing but an id becomes a path. */
  #path(approvalId: string): string {
    if (!idShape.test(approvalId)) throw new AppError('INPUT_INVALID', 'that is not the id of a request');
    return join(this.#dir, approvalId);
  }
}

function exists(approvalId: string): AppError {
  return new AppError('CONFLICT', `the request ${approvalId} has a key already`);
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
