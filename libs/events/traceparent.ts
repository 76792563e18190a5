/* W3C trace context, version 00: `00-<trace id: 32 hex>-<span id: 16 hex>-<flags: 2 hex>`, 55 characters. In an encoded
   envelope it is field 8, the last one: key 0x42, length 55, the text. */

const length = 55;
const key = 0x42;
const text = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The trace context at the end of an encoded envelope; undefined where it has none. Looks at two bytes mostly. */
export function traceparentOf(raw: Uint8Array): string | undefined {
  const at = raw.length - length;
  if (raw[at - 1] !== length || raw[at - 2] !== key) return undefined;
  const found = Buffer.from(raw.buffer, raw.byteOffset + at, length).toString('latin1');
  return text.test(found) ? found : undefined;
}

/** The field as it stands in an encoded envelope. */
export function traceparentField(traceparent: string): Buffer {
  return Buffer.concat([Buffer.from([key, length]), Buffer.from(traceparent, 'latin1')]);
}
