import { readFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

const text = /^\d{20}\n$/;
const pathIn = (directory: string) => join(directory, 'shipped');

/**
 * The position up to which the log has everything. 0 where the file is missing or unreadable: then the journal
 * ships again, and readers drop what they know.
 */
export function readShipped(directory: string): number {
  try {
    const content = readFileSync(pathIn(directory), 'utf8');
    return text.test(content) ? Number(content) : 0;
  } catch {
    return 0;
  }
}

export class ShippedFile {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(directory: string): Promise<ShippedFile> {
    const path = pathIn(directory);
    return new ShippedFile(await open(path, 'r+').catch(() => open(path, 'w+', 0o600)));
  }

  /** One write of 21 bytes over the old ones. Not synced: losing it costs a second shipping, no more. */
  async save(position: number): Promise<void> {
    await this.#file.write(`${String(position).padStart(20, '0')}\n`, 0);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
