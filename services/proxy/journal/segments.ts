import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  unlink,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** A file of the journal. Positions count from the journal's first byte ever, so `base` names the file. */
export interface Segment {
  readonly base: number;
  readonly path: string;
}

const name = /^(\d{16})\.journal$/;

export function segmentAt(directory: string, base: number): Segment {
  return { base, path: join(directory, `${String(base).padStart(16, '0')}.journal`) };
}

/** In order of position. */
export function listSegments(directory: string): Segment[] {
  return readdirSync(directory)
    .map((file) => name.exec(file)?.[1])
    .filter((base) => base !== undefined)
    .map((base) => segmentAt(directory, Number(base)))
    .sort((a, b) => a.base - b.base);
}

export function sizeOf(segment: Segment): number {
  return statSync(segment.path).size;
}

/** Not awaited: unlinking 64 MiB takes milliseconds, and a file left over is found shipped at the next start. */
export function remove(segment: Segment): void {
  unlink(segment.path, () => {});
}

/** Takes a segment with a record that can't be read out of the journal, but keeps it for whoever looks into it. */
export function setAside(segment: Segment): void {
  renameSync(segment.path, `${segment.path}.damaged`);
}

/** `<place>.event.damaged`: the envelope's bytes. */
export function setEventAside(directory: string, event: Uint8Array, place: number): string {
  const path = join(directory, `${String(place).padStart(16, '0')}.event.damaged`);
  const fd = openSync(path, 'w', 0o600);
  try {
    writeFileSync(fd, event);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  syncDirectory(directory);
  return path;
}

/** Makes files made and removed in it survive the host. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
