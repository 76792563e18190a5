import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileMasking, parseMasking, shippedMasking } from './index.js';

const set = compileMasking(shippedMasking);
const masked = (text: string): string => set.maskText(Buffer.from(text))?.toString() ?? text;

const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U';

describe('classifiers find', () => {
  it.each([
    ['pay 4111111111111111 now', 'pay ****1111 now'],
    ['4111-1111-1111-1111', '****1111'],
    ['4111 1111 1111 1111', '****1111'],
    ['4111\u00a01111\u00a01111\u00a01111', '****1111'],
    ['4111\u20131111\u20131111\u20131111', '****1111'],
    ['3782 822463 10005', '****0005'],
    ['378282246310005', '****0005'],
    ['card:5555555555554444,ok', 'card:****4444,ok'],
    ['4111 1111 1111 1111 123', '****1111 123'],
    ['no 12 4111 1111 1111 1111', 'no 12 ****1111'],
    ['ssn 078-05-1120.', 'ssn ****.'],
    ['078 05 1120', '****'],
    ['IBAN DE89370400440532013000', 'IBAN DE****3000'],
    ['GB29 NWBK 6016 1331 9268 19!', 'GB****6819!'],
    ['de89370400440532013000', 'de****3000'],
    ['NO9386011117947', 'NO****7947'],
    ['MT84MALT011000012345MTLCAST001S', 'MT****001S'],
    ['mail bob@example.com, thanks', 'mail b***@example.com, thanks'],
    ['<bob.o-x+y@mail.example.co.uk>.', '<b***@mail.example.co.uk>.'],
    ['a@x.io b@y.io', '***@x.io ***@y.io'],
    ['call +44 20 7946 0958', 'call ****58'],
    ['+14155552671', '****71'],
    ['+1 (415) 555-2671', '****71'],
    ['(415) 555-2671', '****71'],
    ['415-555-2671', '****71'],
    ['415.555.2671', '****71'],
    ['020 7946 0958', '****58'],
    ['06 12 34 56 78', '****78'],
    [`Bearer ${jwt}`, 'Bearer ****'],
    ['AKIAIOSFODNN7EXAMPLE', '****'],
    ['key=AKIAIOSFODNN7EXAMPLE;', 'key=****;'],
    ['ghp_0123456789abcdefghijABCDEFGHIJ012345', '****'],
    ['sk_live_0123456789abcdefghij', '****'],
    ['xoxb-123456789012-abcdefghij', '****'],
    ['hf_abcdefghijklmnopqrstuvwxyzABCDEFGH', '****'],
    [
      'https://hooks.slack.com/services/T0AB/B0CD/abcdefghij1234567890',
      'https://hooks.slack.com/services/****',
    ],
    ['2201 4987 3174 2937', '****2937'],
    ['postgres://app:hunter22@db.example/orders', 'postgres://app:****@db.example/orders'],
    ['https://x.example/?password=hunter22&a=1', 'https://x.example/?password=****&a=1'],
    ['DB_PASSWORD="hunter 22"', 'DB_PASSWORD="**** 22"'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----\nrest', '****\nrest'],
    ['x -----BEGIN PRIVATE KEY-----\nMIIabc cut', 'x ****'],
  ])('%j', (text, expected) => expect(masked(text)).toBe(expected));

  it('keeps what is around, byte for byte, in any encoding', () => {
    const value = Buffer.concat([
      Buffer.from([0xff, 0xfe]),
      Buffer.from(' 4111111111111111 '),
      Buffer.from([0xe9]),
    ]);
    const result = set.maskText(value, 0, value.length)!;
    expect(result.subarray(0, 3)).toEqual(value.subarray(0, 3));
    expect(result.toString('latin1', 3)).toBe('****1111 \u00e9');
  });

  it('looks at no byte outside the range', () => {
    const value = Buffer.from('4111111111111111@example.com');
    expect(set.maskText(value, 0, 15)).toBeUndefined();
    expect(set.maskText(value, 17, value.length)).toBeUndefined();
    expect(set.maskText(value, 0, 16)?.toString()).toBe('****1111');
  });

  it('own patterns, on a linear-time engine, merged with the built-in ones', () => {
    const own = compileMasking(
      parseMasking(
        "rules: []\npatterns: [{ class: badge, regex: 'B-\\d{6}' }, { class: host, regex: 'example' }]",
        'm',
      ),
    );
    expect(own.maskText(Buffer.from('é B-123456, B-999999'))?.toString()).toBe('é ****, ****');
    expect(own.maskText(Buffer.from('to bob@example.com!'))?.toString()).toBe('to ****!');
    const evil = compileMasking(parseMasking("rules: []\npatterns: [{ class: x, regex: '(a+)+$' }]", 'm'));
    const before = performance.now();
    evil.maskText(Buffer.from(`${'a'.repeat(50_000)}b`));
    expect(performance.now() - before).toBeLessThan(2000);
  });

  it('its own output is found by none of them again', () => {
    for (const text of [
      '****1111',
      'a***@example.com',
      'DE****3000',
      '****',
      '****58',
      'hash:abcdefghijklmnopqrstu',
    ]) {
      expect(masked(text)).toBe(text);
    }
  });
});

describe('classifiers leave', () => {
  it.each([
    '4111111111111112', // Luhn
    '1111111111111117', // no issuer
    '0.4111111111111111',
    '4111111111111111.5',
    'x4111111111111111',
    '4111111111111111a',
    '41111111111111114111', // 20 digits
    '43226492-7649-4991-baea-e39b2ff74828', // a UUID whose first 16 digits pass Luhn
    '47085 60446 46497 6',
    '4006381333931', // a bar code
    '1700000000000', // milliseconds
    '2024-11-20 11:34:00.123456+00',
    '2024-11-20T11:34:00+10:30',
    '20241120113400',
    '000-12-3456',
    '666-12-3456',
    '078051120',
    '12-34-5678',
    '1078-05-1120',
    '178-05-11201',
    '192.168.100.200',
    '10.0.12.1:5432',
    'DE89370400440532013001', // check digits
    'XX89370400440532013000', // no country
    'DE8937040044053201300', // too short
    '@types/node@20.19.43',
    'git@github.com:org/repo.git',
    'logo@2x.png',
    'user@localhost',
    '978-0-306-40615-7',
    '0-306-40615-2',
    '415-155-2671', // no exchange begins with 1
    '555-2671',
    '100-200-3000',
    '3.14159265358979',
    '1e+100000000',
    'a+12345678',
    'order 12345678901',
    'd41d8cd98f00b204e9800998ecf8427e',
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'http://example.com:8080/a@b',
    'next token = none',
    'a=b=c',
    'password=?',
    'sk-learn',
    'hf_requiredCharacteristicTypesForDisplay',
    'key-value-store-with-a-very-long-name-in-code',
    'The PRIVATE KEY is elsewhere ----- BEGIN',
    'JIz_-=:@ + 1',
    '',
  ])('%j', (text) => expect(masked(text)).toBe(text));
});

/** The share of random identifiers that a classifier takes for something; docs/masking.md says these numbers. */
describe('false positives', () => {
  const count = 50_000;
  function rate(make: (i: number) => string): number {
    let touched = 0;
    for (let i = 0; i < count; i++) if (set.maskText(Buffer.from(make(i))) !== undefined) touched++;
    return touched / count;
  }
  // Seeded, so that a failure can be seen again.
  let state = 12345;
  const random = (): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 2 ** 32;
  const digits = (n: number) => Array.from({ length: n }, () => Math.floor(random() * 10)).join('');
  const hex = (n: number) => Array.from({ length: n }, () => Math.floor(random() * 16).toString(16)).join('');

  it.each<[string, (i: number) => string, number]>([
    ['UUIDs', () => randomUUID(), 0],
    ['sequence numbers', (i) => String(i * 7919), 0],
    ['ten-digit numbers', () => digits(10), 0],
    ['microsecond timestamps', (i) => String(1_700_000_000_000_000 + i * 1_234_567), 0],
    ['millisecond timestamps', (i) => String(1_700_000_000_000 + i * 1_234_567), 0],
    ['floats', () => String(random() * 1e6), 0],
    ['SHA-256', () => hex(64), 0.0001],
    ['MD5', () => hex(32), 0.0005],
    ['timestamps', (i) => new Date(1.7e12 + i * 98_765_431).toISOString(), 0],
    ['IP addresses', () => [0, 0, 0, 0].map(() => Math.floor(random() * 256)).join('.'), 0],
    ['order ids', (i) => `ORD-2024-${String(i).padStart(8, '0')}`, 0],
    ['random 16-digit numbers', () => digits(16), 0.03],
    ['random 13-digit numbers', () => digits(13), 0.012],
    ['random 19-digit numbers', () => digits(19), 0.02],
  ])('%s', (name, make, most) => {
    const found = rate(make);
    if (process.env['WEIR_SHOW_RATES']) process.stderr.write(`${name}: ${(found * 100).toFixed(3)} %\n`);
    expect(found).toBeLessThanOrEqual(most);
  });

  it('words and small numbers in sentences', () => {
    const sentence = fc.array(fc.oneof(fc.lorem({ maxCount: 1 }), fc.nat(99_999).map(String)), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(sentence, (words) => masked(words.join(' ')) === words.join(' ')),
      { numRuns: 2000 },
    );
  });
});

describe('whatever the bytes', () => {
  it('spans are in order, within the range, and masking does not throw', () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    const likely = fc
      .stringMatching(/^[0-9 @.+_=:JIz\-(){}A-Ea-e"\\]{0,80}$/)
      .map((text) => Buffer.from(text));
    fc.assert(
      fc.property(fc.oneof(bytes, likely), fc.nat(40), (value, cut) => {
        const start = Math.min(cut, value.length);
        let last = start;
        for (const span of set.findSpans(value, start, value.length) ?? []) {
          expect(span.start).toBeGreaterThanOrEqual(last);
          expect(span.end).toBeGreaterThan(span.start);
          expect(span.end).toBeLessThanOrEqual(value.length);
          last = span.end;
        }
        set.maskText(value, start, value.length);
      }),
      { numRuns: 3000 },
    );
  });

  it('a card is found wherever it stands between non-words', () => {
    const before = fc.constantFrom('', ' ', ',', '"', ':', '(', '\n', ';', 'x ', '12 ', '=', '|', '-');
    const after = fc.constantFrom('', ' ', ',', '"', '.', ')', '\n', ';', ' x', ' 12', '|', '-');
    fc.assert(
      fc.property(
        before,
        after,
        (left, right) => !masked(`${left}4111111111111111${right}`).includes('4111111111'),
      ),
    );
  });
});
