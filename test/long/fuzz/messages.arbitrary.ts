import fc, { type Arbitrary } from 'fast-check';
import { byte, frontend, int16, message } from '../../../services/proxy/postgres/codec.js';

/** Texts that a model gate decides by their first word; the number makes each its own. */
const text = fc
  .tuple(fc.constantFrom('allow', 'allow', 'allow', 'deny', 'hold'), fc.nat(999_999))
  .map(([word, n]) => `${word} ${n}`);
const name = fc.constantFrom('', '', 'a', 'b', 'c', 'p'.repeat(63), 'p'.repeat(64));
const what = fc.constantFrom(byte(0x53), byte(0x50), byte(0x50), byte(0x00));
const value = fc.option(fc.uint8Array({ maxLength: 20 }), { nil: undefined });
const formats = fc.array(fc.constantFrom(0, 1), { maxLength: 3 });
const counted = (codes: readonly number[]) => [int16(codes.length), ...codes.map(int16)];

const honest: Arbitrary<Buffer> = fc.oneof(
  { weight: 4, arbitrary: text.map((t) => message(frontend.query, t)) },
  { weight: 4, arbitrary: fc.tuple(name, text).map(([n, t]) => message(frontend.parse, n, t, int16(0))) },
  {
    weight: 4,
    arbitrary: fc.tuple(name, name, formats, fc.array(value, { maxLength: 3 }), formats).map(
      ([p, s, f, v, r]) =>
      message(frontend.bind, p, s, ...counted(f), int16(v.length), ...v.flatMap((x) => (x ? [x.length, Buffer.from(x)] : [-1])), ...counted(r)), // prettier-ignore
    ),
  },
  { weight: 4, arbitrary: fc.tuple(name, fc.nat(3)).map(([p, n]) => message(frontend.execute, p, n)) },
  { weight: 2, arbitrary: fc.tuple(what, name).map(([w, n]) => message(frontend.describe, w, n)) },
  { weight: 1, arbitrary: fc.tuple(what, name).map(([w, n]) => message(frontend.close, w, n)) },
  { weight: 6, arbitrary: fc.constant(message(frontend.sync)) },
  { weight: 1, arbitrary: fc.constant(message(frontend.flush)) },
  { weight: 1, arbitrary: fc.constantFrom(frontend.copyData, frontend.copyDone, frontend.copyFail).map((type) => message(type)) }, // prettier-ignore
  { weight: 1, arbitrary: text.map((t) => message(frontend.copyData, t)) },
  { weight: 1, arbitrary: fc.constant(message(frontend.functionCall, 2_000, int16(0), int16(0), int16(0))) },
);

/** One message in some twenty is bent: its length, a byte of it, its type, or its end. */
const bent = fc.tuple(honest, fc.nat(3), fc.nat(), fc.nat(255)).map(([frame, how, where, to]) => {
  const bytes = Buffer.from(frame);
  if (how === 0)
    bytes.writeInt32BE([0, 3, -1, 4, 2 ** 31 - 1, frame.length, frame.length - 2][where % 7]!, 1);
  if (how === 1) bytes[where % bytes.length] = to;
  if (how === 2) bytes[0] = to;
  return how === 3 ? bytes.subarray(0, where % bytes.length) : bytes;
});

/** A client's whole life after the login: mostly honest, in any order, then cut into reads anywhere. */
export const clientStream: Arbitrary<{ readonly bytes: Buffer; readonly reads: readonly number[] }> = fc.record({
  bytes: fc
    .array(fc.oneof({ weight: 30, arbitrary: honest }, { weight: 1, arbitrary: bent }), { minLength: 1, maxLength: 60 })
    .map((frames) => Buffer.concat(frames)),
  reads: fc.array(fc.oneof(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 4_000 })), { minLength: 1, maxLength: 20 }),
}); // prettier-ignore

export const randomBytes: Arbitrary<Buffer> = fc
  .uint8Array({ maxLength: 400 })
  .map((bytes) => Buffer.from(bytes));

/** `bytes` in pieces of the lengths given, over and over. */
export function* pieces(bytes: Buffer, lengths: readonly number[]): Generator<Buffer> {
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const end = at + lengths[n % lengths.length]!;
    yield bytes.subarray(at, end);
    at = end;
  }
}
