import { expect, it } from 'vitest';
import { parseStrictly } from './strict-xml.js';

const nested = (depth: number) => `${'<a>'.repeat(depth)}${'</a>'.repeat(depth)}`;
const attributes = (count: number) =>
  `<a ${Array.from({ length: count }, (_, i) => `b${i}="x"`).join(' ')}/>`;

it('refuses what would cost the parser more than it is worth, before it parses', () => {
  for (const xml of [nested(8_000), '<a/>'.repeat(5_000), attributes(10_000)])
    expect(() => parseStrictly(xml)).toThrow('too large');
  expect(parseStrictly(nested(20)).localName).toBe('a');
  expect(parseStrictly(attributes(200)).localName).toBe('a');
});
