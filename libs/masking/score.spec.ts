import { describe, expect, it } from 'vitest';
import { compileMasking, parseMasking, scoreOf } from './index.js';

const set = compileMasking(parseMasking("rules: []\npatterns: [{ class: badge, regex: 'B-\\d{6}' }]", 'm'));
const scores = (text: string) => {
  const value = Buffer.from(text);
  return (set.findSpans(value, 0, value.length) ?? []).map((span) => [span.class, scoreOf(span, value)]);
};

describe('scores', () => {
  it.each([
    ['4111 1111 1111 1111', 'card', 1],
    ['DE89370400440532013000', 'iban', 1],
    ['ghp_0123456789abcdefghijABCDEFGHIJ012345', 'secret', 1],
    ['x AKIAIOSFODNN7EXAMPL2', 'secret', 1],
    ['password=hunter22', 'secret', 0.8],
    ['postgres://app:hunter22@db/orders', 'secret', 0.8],
    ['bob@example.com', 'email', 0.8],
    ['my phone is 020 7946 0958', 'phone', 0.8],
    ['020 7946 0958', 'phone', 0.6],
    ['SSN: 078-05-1120', 'ssn', 0.8],
    ['part 078-05-1120', 'ssn', 0.6],
    ['B-123456', 'badge', 0.6],
  ])('%s', (text, name, score) => expect(scores(text)).toEqual([[name, score]]));
});
