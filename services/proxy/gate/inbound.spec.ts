import { describe, expect, test } from 'vitest';
import { compileMasking, parseMasking } from '#masking';
import type { Parameter } from './gate.js';
import { inboundError, inboundProblem, maskWrittenBack, parametersProblem } from './inbound.js';

const masking = compileMasking(
  parseMasking('rules: []\ninbound: { card: deny, email: allow }', 'masking.yaml'),
);
const open = compileMasking(parseMasking('rules: []', 'masking.yaml'));
const card = '4111111111111111';

const text = (value: string): Parameter => ({ value, format: 0 });
const binary = (bytes: Buffer): Parameter => ({ value: `\\x${bytes.toString('hex')}`, format: 1 });
const int8 = Buffer.alloc(8);
int8.writeBigInt64BE(BigInt(card));
const float8 = Buffer.alloc(8);
float8.writeDoubleBE(Number(card));
// 4 digits of base 10000, weight 3, positive, scale 0
const numeric = Buffer.from([0, 4, 0, 3, 0, 0, 0, 0, 0x10, 0x0f, 0x04, 0x57, 0x04, 0x57, 0x04, 0x57]);

describe('what may not be sent', () => {
  test('is refused with its class and without the value', () => {
    const problem = inboundProblem(masking, ['x', `pay with ${card} please`]);
    expect(problem).toBe('it carries a value of class card, which may not be sent');
    expect(inboundError(masking, Buffer.from(card))).toMatchObject({
      code: 'STATEMENT_DENIED',
      message: problem,
    });
  });

  test.each([
    ['text', text(card)],
    ['binary text', binary(Buffer.from(card))],
    ['int8', binary(int8)],
    ['float8', binary(float8)],
    ['numeric', binary(numeric)],
  ])('a parameter as %s', (_, parameter) => {
    expect(parametersProblem(masking, [text('1'), parameter])).toContain('class card');
    expect(parametersProblem(open, [parameter])).toBeUndefined();
  });

  test('everything else passes: other classes, numbers that are no card, NULL', () => {
    expect(inboundProblem(masking, ['ana@example.com', '4111111111111112', ''])).toBeUndefined();
    const others = [text('ana@example.com'), { value: null, format: 0 as const }, binary(Buffer.alloc(8, 1))];
    expect(parametersProblem(masking, others)).toBeUndefined();
    expect(inboundError(open, card)).toBeUndefined();
  });
});

describe('a mask that is written back', () => {
  const column = {
    ...{ schema: 'public', table: 'customers', column: 'email', class: 'email', lookup: true },
    ...{ tableOid: 16384, attnum: 3 },
  };
  const refused = expect.stringContaining('a masked value to public.customers.email') as unknown;

  test.each(['d***@example.com', '****', '****1111', 'DE****3000', 'hash:abcdefghijklmnopqrstu', ' **** '])(
    '%s is refused as literal and as parameter',
    (mask) => {
      expect(maskWrittenBack([{ column, literals: ['x', mask], parameters: [] }], [])).toEqual(refused);
      const write = { column, literals: [], parameters: [2] };
      expect(maskWrittenBack([write], [text('x'), text(mask)])).toEqual(refused);
      expect(maskWrittenBack([write], [text('x'), binary(Buffer.from(mask))])).toEqual(refused);
    },
  );

  test('a value passes, and a mask elsewhere', () => {
    const write = { column, literals: ['deniz@example.com', '', '*'], parameters: [1] };
    expect(maskWrittenBack([write], [text('ana@example.com'), text('****')])).toBeUndefined();
    expect(maskWrittenBack([], [text('****')])).toBeUndefined();
  });
});
