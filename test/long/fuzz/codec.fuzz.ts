import { isAppError } from '#kernel';
import { MessageScanner } from '#wire';
import * as codec from '../../../services/proxy/postgres/codec.js';
import { Dice } from './dice.js';

type Reader = (buffer: Buffer, start: number, end: number) => unknown;

const readers: readonly Reader[] = [
  codec.readQuery, codec.readParse, codec.readBind, codec.readNamed, codec.readExecute, codec.readEmpty,
  codec.readPassword, codec.readParameterStatus, codec.readBackendKeyData, codec.readReadyForQuery, codec.readReport,
  codec.readRowDescription, codec.readParameterDescription, codec.readDataRow, codec.readCommandComplete,
  codec.readCopyResponse,
]; // prettier-ignore

/**
 * Scans and reads `count` messages of honest framing and random content, in random pieces, with every reader.
 * A reader may refuse with an AppError and nothing else; what the scanner gives must be what went in, in order.
 */
export function fuzzCodecs(seed: number, count: number): { messages: number; taken: number } {
  const dice = new Dice(seed);
  let messages = 0;
  let taken = 0;
  while (messages < count) {
    const frames = Array.from({ length: 200 }, () =>
      codec.message(dice.below(256), dice.bytes(dice.below(40))),
    );
    const stream = Buffer.concat(frames);
    const scanner = new MessageScanner({ maxLength: 1_000 });
    let next = 0;
    for (let at = 0; at < stream.length;) {
      const end = at + 1 + dice.below(dice.below(4) ? 300 : 6);
      scanner.push(stream.subarray(at, end), (type, buffer, start, stop) => {
        const frame = frames[next++]!;
        if (type !== frame[0] || buffer.compare(frame, 0, frame.length, start, stop) !== 0)
          throw new Error(`message ${next} came out as another (seed ${seed})`);
        for (const read of readers) if (accepts(read, buffer, start, stop)) taken++;
      });
      at = end;
    }
    if (next !== frames.length) throw new Error(`${frames.length - next} messages were lost (seed ${seed})`);
    messages += frames.length;
  }
  return { messages, taken };
}

/** Streams whose lengths are mostly small, never mind what follows: the scanner gives whole messages, or refuses. */
export function fuzzScanner(seed: number, streams: number): number {
  const dice = new Dice(seed);
  let given = 0;
  for (let n = 0; n < streams; n++) {
    const scanner = new MessageScanner({ maxLength: 100_000 });
    const stream = dice.bytes(dice.below(2_000));
    for (let at = 0; at + 5 <= stream.length; at += 5 + dice.below(40))
      stream.writeInt32BE(dice.below(30) ? dice.below(60) : dice.below(2 ** 31) - 2 ** 30, at + 1);
    try {
      for (let at = 0; at < stream.length;) {
        const end = at + 1 + dice.below(300);
        scanner.push(stream.subarray(at, end), (_, buffer, start, stop) => {
          if (start < 0 || stop > buffer.length || buffer.readInt32BE(start + 1) !== stop - start - 1)
            throw new Error(`a message that is not whole (seed ${seed})`);
          given++;
        });
        at = end;
      }
    } catch (error) {
      if (!isAppError(error)) throw error;
    }
  }
  return given;
}

function accepts(read: Reader, buffer: Buffer, start: number, end: number): boolean {
  try {
    read(buffer, start, end);
    return true;
  } catch (error) {
    if (isAppError(error)) return false;
    throw error;
  }
}
