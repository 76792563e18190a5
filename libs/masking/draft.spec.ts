import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compileMasking,
  findingOf,
  maskingDraft,
  noValues,
  parseMasking,
  shippedMasking,
  valueEvidence,
  type MaskingRules,
} from './index.js';

const none: MaskingRules = { rules: [], patterns: [], inbound: {} };
const shipped = compileMasking(shippedMasking);
const bytes = (...values: string[]) => values.map((value) => Buffer.from(value));
const place = { schema: 'public', table: 'customers', column: 'contact', type: 'text' };
const facts = { connection: 'shop', date: '2026-11-21', skipped: [], inForce: none };

describe('what values say of a column', () => {
  it('counts those that hold a class and those that are nothing else', () => {
    const evidence = valueEvidence(shipped, bytes('bob@example.com ', 'ask bob@example.com', 'nobody', ''));
    expect(evidence).toEqual({ values: 3, classes: [{ class: 'email', found: 2, whole: 1 }] });
  });

  it('names a class where at least half of the values are nothing else', () => {
    const finding = (...values: string[]) =>
      findingOf(shipped, 'shop', place, valueEvidence(shipped, bytes(...values))).proposal;
    expect(finding('bob@example.com', 'n/a')).toEqual({ class: 'email', transform: 'partial' });
    expect(finding('bob@example.com', 'n/a', 'n/a')).toBeUndefined();
    expect(finding('ask bob@example.com')).toBeUndefined();
    expect(finding()).toBeUndefined();
  });

  it('goes by the name where there is no value, and by values where both speak', () => {
    const own = compileMasking(none);
    const ssn = { ...place, column: 'ssn' };
    expect(findingOf(own, 'shop', ssn, noValues).proposal?.class).toBe('ssn');
    const evidence = valueEvidence(own, bytes('bob@example.com'));
    expect(findingOf(own, 'shop', ssn, evidence)).toMatchObject({
      nameSays: 'ssn',
      proposal: { class: 'email' },
    });
  });

  it('proposes nothing where a rule speaks already, an exception included', () => {
    const evidence = valueEvidence(shipped, bytes('bob@example.com'));
    const of = (column: string) => findingOf(shipped, 'shop', { ...place, column }, evidence);
    expect(of('email')).toMatchObject({ rule: { transform: 'partial' }, proposal: undefined });
    expect(of('email_verified')).toMatchObject({ rule: { transform: 'clear' }, proposal: undefined });
  });
});

describe('a draft', () => {
  it('without anything to say is still a masking.yaml', () => {
    expect(parseMasking(maskingDraft({ ...facts, findings: [] }), 'm')).toEqual(none);
  });

  it('ends with the rules in force, unchanged', () => {
    const inForce = parseMasking(
      `rules: [{ column: '*.*.a', class: salary, transform: 'null' }, { column: '*.*.b', class: x }]
patterns: [{ class: badge, regex: 'B-\\d{6}"' }]
inbound: { card: deny }`,
      'm',
    );
    expect(parseMasking(maskingDraft({ ...facts, findings: [], inForce }), 'm')).toEqual(inForce);
    const all = maskingDraft({ ...facts, findings: [], inForce: shippedMasking });
    expect(parseMasking(all, 'm')).toEqual(shippedMasking);
  });

  it('is taken, and its rule matches its column, whatever the names', () => {
    const name = fc
      .oneof(
        fc.string({ unit: 'binary', minLength: 1 }),
        fc.constantFrom('a.b', 'x\ny', '"', '#', 'é', '*', ': '),
      )
      .filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(name, name, name, name, (schema, table, column, type) => {
        const evidence = valueEvidence(compileMasking(none), bytes('bob@example.com'));
        const finding = findingOf(compileMasking(none), 'shop', { schema, table, column, type }, evidence);
        const skipped = [`${schema}.${table}: permission denied`];
        const rules = parseMasking(maskingDraft({ ...facts, findings: [finding], skipped }), 'm');
        expect(rules.rules).toHaveLength(1);
        expect(compileMasking(rules).columnMask('shop', schema, table, column)?.class).toBe('email');
      }),
      { numRuns: 100 },
    );
  });
});
