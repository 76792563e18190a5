import { createReadStream, fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { isatty, ReadStream } from 'node:tty';
import type { Readable } from 'node:stream';

/**
 * Where whoever starts this program puts the stdin that was meant for it. Not 0: the embedded engine takes what comes there for
 * rows of the next INSERT.
 */
const inputFd = 4;

export function givenInput(): Readable {
  if (isatty(inputFd)) return new ReadStream(inputFd);
  // A pipe may be one that does not block, which reads of a file cannot do with.
  return fstatSync(inputFd).isFile()
    ? createReadStream('', { fd: inputFd, highWaterMark: 1 << 20 })
    : new Socket({ fd: inputFd, readable: true, writable: false });
}
