import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileMasking, type ResultField, shippedMasking } from '#masking';
import { checkRowLength, maxMaskedRow, planResult, rewriteRow, rewriteRows } from './masking.js';

const set = compileMasking(shippedMasking);
const email = { class: 'email', transform: 'partial' } as const;
const gone = { class: 'pin', transform: 'null' } as const;

const field = (mask: ResultField['mask'], typeOid = 25, format: 0 | 1 = 0): ResultField => ({
  name: 'c',
  typeOid,
  format,
  mask,
});

function dataRow(...values: (string | Buffer | null)[]): Buffer {
  const parts = values.map((value) => {
    const bytes = value === null ? Buffer.alloc(0) : Buffer.from(value);
    const size = Buffer.alloc(4);
    size.writeInt32BE(value === null ? -1 : bytes.length);
    return Buffer.concat([size, bytes]);
  });
  const body = Buffer.concat(parts);
  const header = Buffer.from([0x44, 0, 0, 0, 0, 0, 0]);
  header.writeInt32BE(body.length + 6, 1);
  header.writeInt16BE(values.length, 5);
  return Buffer.concat([header, body]);
}

describe('a plan', () => {
  it('passes rows through where nothing is masked and no type can hold a text', () => {
    const plan = planResult([field('unclassified', 23), field('unclassified', 2950), field('revealed')], set);
    expect(plan.passthrough).toBe(true);
    expect(rewriteRow(plan, dataRow('1', 'x', 'bob@example.com'))).toBeUndefined();
    expect(planResult([field('unclassified')], set).passthrough).toBe(false);
    expect(planResult([field(email, 23)], set).passthrough).toBe(false);
  });
});

describe('rows', () => {
  it('rewrites the masked values and keeps the rest', () => {
    const plan = planResult(
      [field('unclassified', 23), field(email), field('revealed'), field(gone), field(email, 23)],
      set,
    );
    const row = rewriteRow(plan, dataRow('7', 'bob@example.com', 'amy@example.com', '1234', '5'));
    expect(row).toEqual(dataRow('7', 'b***@example.com', 'amy@example.com', null, null));
    expect(plan.counts).toEqual(new Map([['email', 2], ['pin', 1]])); // prettier-ignore
  });

  const shown = (typeOid = 25): ResultField => ({ ...field('revealed', typeOid), revealed: 'email' });
  const revealedBy = (plan: ReturnType<typeof planResult>) => {
    const taken = new Map<string, number>();
    plan.takeRevealed(taken);
    return Object.fromEntries(taken);
  };

  it.each([
    ['where rows pass through', field('unclassified', 23), true],
    ['beside what is masked', field(email), false],
  ] as const)('counts what is revealed, %s, but no NULL', (_, beside, passes) => {
    const plan = planResult([beside, shown(), shown(1043), field('unclassified', 23)], set);
    expect([plan.passthrough, plan.reveals]).toEqual([passes, true]);
    const rows = [
      dataRow('7', 'bob@example.com', null, '5'),
      dataRow(null, 'x', '', null),
      dataRow('1', null, null, '2'),
    ];
    const chunk = Buffer.concat([Buffer.from('head'), ...rows, Buffer.from('tail')]);
    rewriteRows(plan, chunk, 4, chunk.length - 4);
    expect(plan.counts.get('email')).toBe(passes ? undefined : 2);
    expect(revealedBy(plan)).toEqual({ email: 3 });
    expect(revealedBy(plan)).toEqual({});
    expect(planResult([field('unclassified', 23)], set).reveals).toBe(false);
  });

  it('passes whole what it can not count', () => {
    const plan = planResult([shown(), shown()], set);
    const long = dataRow('a', 'b');
    long.writeInt32BE(2 ** 30, 7);
    for (const row of [dataRow(), dataRow('a'), long, dataRow('a', 'b').subarray(0, 9)])
      expect(rewriteRow(plan, row)).toBeUndefined();
    expect(Object.values(revealedBy(plan)).every((n) => n <= 2)).toBe(true);
  });

  it('counts once for each taker', () => {
    const plan = planResult([field(email)], set);
    rewriteRow(plan, dataRow('bob@example.com'));
    const taken = new Map([['email', 4]]);
    plan.takeCounts(taken);
    plan.takeCounts(taken);
    expect(taken).toEqual(new Map([['email', 5]]));
    expect(plan.counts.size).toBe(0);
  });

  it('answers undefined where nothing changes: NULLs, and text without anything in it', () => {
    const plan = planResult([field(email), field('unclassified')], set);
    expect(rewriteRow(plan, dataRow(null, 'order 12345'))).toBeUndefined();
    expect(rewriteRow(plan, dataRow(null, null))).toBeUndefined();
    expect(plan.counts.size).toBe(0);
  });

  it('rewrites many rows of a chunk into one, and does not touch the chunk', () => {
    const plan = planResult([field('unclassified'), field('unclassified')], set);
    const before = [
      dataRow('a', 'b'),
      dataRow('4111111111111111', 'x'),
      dataRow('c', null),
      dataRow('y', 'to bob@example.com'),
    ];
    const after = [
      dataRow('a', 'b'),
      dataRow('****1111', 'x'),
      dataRow('c', null),
      dataRow('y', 'to b***@example.com'),
    ];
    const chunk = Buffer.concat([Buffer.from('head'), ...before, Buffer.from('tail')]);
    const copy = Buffer.from(chunk);
    expect(rewriteRows(plan, chunk, 4, chunk.length - 4)).toEqual(Buffer.concat(after));
    expect(chunk).toEqual(copy);
    expect(rewriteRows(plan, chunk, 4, 4 + before[0]!.length)).toBeUndefined();
  });

  it('a result without columns has rows too', () => {
    expect(rewriteRow(planResult([], set), dataRow())).toBeUndefined();
  });
});

describe('refuses', () => {
  const plan = planResult([field('unclassified'), field(email)], set);
  const good = dataRow('a', 'bob@example.com');
  const broken = (change: (row: Buffer) => Buffer | void): (() => unknown) => {
    const row = Buffer.from(good);
    const changed = change(row) ?? row;
    return () => rewriteRows(plan, changed, 0, changed.length);
  };

  const longer = (row: Buffer, by: number): Buffer => {
    row.writeInt32BE(row.length - 1 + by, 1);
    return Buffer.concat([row, Buffer.alloc(by)]);
  };

  it.each<[string, (row: Buffer) => Buffer | void]>([
    ['another message', (row) => void (row[0] = 0x54)],
    ['a cut row', (row) => row.subarray(0, -1)],
    ['a cut header', (row) => row.subarray(0, 5)],
    ['a longer length', (row) => void row.writeInt32BE(row.length, 1)],
    ['a shorter length', (row) => void row.writeInt32BE(row.length - 2, 1)],
    ['a negative length', (row) => void row.writeInt32BE(-5, 1)],
    ['fewer columns', (row) => void row.writeInt16BE(1, 5)],
    ['more columns', (row) => void row.writeInt16BE(3, 5)],
    ['a value beyond its row', (row) => void row.writeInt32BE(10_000, 7)],
    ['a negative size', (row) => void row.writeInt32BE(-2, 7)],
    ['bytes behind the last value', (row) => longer(row, 3)],
  ])('%s', (_name, change) => {
    expect(broken(change)).toThrow(expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }));
    expect(rewriteRow(plan, good)).toEqual(dataRow('a', 'b***@example.com'));
  });

  it('a row too long to mask, by its header alone; without a mask it passes', () => {
    const header = Buffer.alloc(7);
    header[0] = 0x44;
    header.writeInt32BE(maxMaskedRow + 1, 1);
    const denied = expect.objectContaining({ code: 'STATEMENT_DENIED' });
    expect(() => rewriteRows(plan, header, 0, 7)).toThrow(denied);
    expect(() => checkRowLength(plan, maxMaskedRow + 1)).toThrow(denied);
    checkRowLength(plan, maxMaskedRow);
    checkRowLength(planResult([field('revealed')], set), maxMaskedRow + 1);
  });
});

describe('values', () => {
  const one = (
    mask: ResultField['mask'],
    typeOid: number,
    format: 0 | 1,
    value: string | Buffer,
  ): Buffer | null => {
    const row = rewriteRow(planResult([field(mask, typeOid, format)], set), dataRow(value));
    if (row === undefined) return Buffer.from(value);
    return row.readInt32BE(7) === -1 ? null : row.subarray(11);
  };
  const [textArray, json, jsonb] = [1009, 114, 3802];

  it.each([
    ['{bob@example.com,NULL,"null","a b"}', '{"b***@example.com",NULL,"****","****"}'],
    ['{{a,b},{c,NULL}}', '{{"****","****"},{"****",NULL}}'],
    ['[0:1]={a,b}', '[0:1]={"****","****"}'],
    ['{}', '{}'],
    ['{"a\\"b"}', '{"****"}'],
    ['{"open', null],
    ['not an array', null],
    ['{a"b"}', null],
  ])('an array under a mask: %s', (value, expected) => {
    expect(one(email, textArray, 0, value)?.toString() ?? null).toBe(expected);
  });

  it.each([
    ['{"x":"bob@example.com"}', '"****"'],
    ['"bob@example.com"', '"b***@example.com"'],
    ['"a\\"@example.com"', '"****"'],
    ['null', '"****"'],
    ['12', '"****"'],
  ])('json under a mask: %s', (value, expected) => {
    expect(one(email, json, 0, value)?.toString()).toBe(expected);
    expect(one(email, jsonb, 1, `\u0001${value}`)?.toString()).toBe(`\u0001${expected}`);
  });

  it('jsonb of another version, and a broken binary array, become NULL', () => {
    expect(one(email, jsonb, 1, '\u0002"x"')).toBeNull();
    expect(one('unclassified', jsonb, 1, '\u0002"x"')).toBeNull();
    expect(one(email, textArray, 1, Buffer.alloc(3))).toBeNull();
    expect(one(email, textArray, 1, Buffer.from([0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0, 25]))).toBeNull();
  });

  it('an escaped item of an array is read, classified and escaped again', () => {
    const list = '{"q\\" \\\\ bob@example.com",x}';
    expect(one('unclassified', textArray, 0, list)?.toString()).toBe('{"q\\" \\\\ b***@example.com",x}');
  });

  it('an item that becomes NULL is announced in a binary array’s header', () => {
    const int = (...values: number[]): Buffer => {
      const bytes = Buffer.alloc(values.length * 4);
      values.forEach((value, i) => bytes.writeInt32BE(value, i * 4));
      return bytes;
    };
    const item = Buffer.concat([int(3), Buffer.from('\u0002""')]);
    expect(one(email, 3807, 1, Buffer.concat([int(1, 0, jsonb, 1, 1), item]))).toEqual(
      int(1, 1, jsonb, 1, 1, -1),
    );
  });

  it('classified JSON stays JSON, and loses every address', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('bob@example.com', 'x "bob@example.com"', '\\bob@example.com\n'),
    );
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(text), fc.boolean(), (value, texts, escaped) => {
        let raw = JSON.stringify({ value, texts, [texts[0] ?? 'k']: 4111111111111111 });
        if (escaped) raw = raw.replaceAll('@', '\\u0040').replaceAll('b', '\\u0062');
        const result = JSON.stringify(JSON.parse(one('unclassified', json, 0, raw)!.toString()));
        expect(result).not.toContain('bob@example.com');
        expect(result).not.toContain('4111111111111111');
      }),
    );
  });

  it('random bytes as a value never throw, in any kind of column', () => {
    const kinds = fc.constantFrom(25, textArray, json, jsonb, 3807, 199, 99_999, 23);
    const mask = fc.constantFrom('unclassified' as const, email, gone);
    fc.assert(
      fc.property(
        kinds,
        mask,
        fc.constantFrom(0 as const, 1 as const),
        fc.uint8Array({ maxLength: 60 }),
        (oid, rule, format, bytes) => {
          one(rule, oid, format, Buffer.from(bytes));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
