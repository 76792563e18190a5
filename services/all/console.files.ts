import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';

/** A file of the pages, in memory: they are few and small, and a path that isn't a key here leads nowhere. */
export interface ConsoleFile {
  readonly type: string;
  readonly body: Buffer;
  /** The same, compressed; made when it is first asked for. */
  readonly gzipped: () => Buffer;
  readonly etag: string;
  /** Its name has a hash of what it holds. */
  readonly immutable: boolean;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** By URL path: `/index.html`, `/assets/…`. Empty where the pages were not built. */
export function readConsoleFiles(folder: string): ReadonlyMap<string, ConsoleFile> {
  if (!existsSync(folder)) return new Map();
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && types[extname(entry.name)] !== undefined);
  return new Map(
    files.map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const path = `/${relative(folder, file).replaceAll(sep, '/')}`;
      return [path, consoleFile(path, readFileSync(file))];
    }),
  );
}

function consoleFile(path: string, body: Buffer): ConsoleFile {
  let gzipped: Buffer | undefined;
  return {
    type: types[extname(path)]!,
    body,
    gzipped: () => (gzipped ??= gzipSync(body)),
    etag: `"${createHash('sha256').update(body).digest('base64url')}"`,
    immutable: path.startsWith('/assets/'),
  };
}
