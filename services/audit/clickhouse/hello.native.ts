/*
 * Native, from revision 54454 on:
 *   block  = 1 is_overflows:uint8 2 bucket:int32 0, columns:varuint rows:varuint, column*
 *   column = name:string type:string has_custom_serialization:uint8 data
 *   string = length:varuint bytes
 * A client that asks for a protocol's version reads the answer to its first question so; by that answer it learns
 * our revision, 0, at which blocks come without their first part and columns without the third.
 */
const blockInfo = Buffer.from([1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0]);

/** The answer to `helloQuery` for a client that has not yet been told our revision. */
export function helloBlock(version: string): Buffer {
  const revision = Buffer.alloc(4);
  return Buffer.concat([
    blockInfo,
    Buffer.from([4, 1]),
    column('displayName()', 'String', string('weirkeeper')),
    column('version()', 'String', string(version)),
    column('revision()', 'UInt32', revision),
    column('timezone()', 'String', string('UTC')),
  ]);
}

const column = (name: string, type: string, data: Buffer): Buffer =>
  Buffer.concat([string(name), string(type), Buffer.from([0]), data]);

/** All are shorter than 128 bytes: one byte of length. */
const string = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
