/* In each of our messages that has an id, it is field 1, a string: tag 0x0a, varint length, UTF-8. Writers of
   protobuf put fields in order, so it stands first. */
const tag = 0x0a;

/** A message's id without decoding the rest; undefined where field 1 does not stand first. */
export function firstField(message: Uint8Array): string | undefined {
  if (message[0] !== tag) return undefined;
  let length = 0;
  let at = 1;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = message[at++] ?? 0;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  if (at + length > message.length) return undefined;
  return Buffer.from(message.buffer, message.byteOffset, message.byteLength).toString(
    'utf8',
    at,
    at + length,
  );
}
