import { describe, expect, it } from 'vitest';
import { compileMasking, parseMasking, shippedMasking } from './index.js';

const parse = (text: string) => parseMasking(text, 'masking.yaml');
const refusal = (text: string): string => {
  try {
    parse(text);
  } catch (error) {
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    return (error as Error).message;
  }
  throw new Error('it was accepted');
};

describe('masking.yaml', () => {
  it('reads rules, patterns and inbound, and takes a class default where no transform is named', () => {
    const rules = parse(
      [
        'rules:',
        '  - { connection: "*", column: "*.customers.email", class: email, transform: partial }',
        '  - { column: "*.*.ssn", class: ssn }',
        "patterns: [{ class: badge, regex: 'B-\\d{6}' }]",
        'inbound: { card: deny }',
      ].join('\n'),
    );
    expect(rules.rules).toEqual([
      { connection: '*', column: '*.customers.email', class: 'email', transform: 'partial' },
      { connection: '*', column: '*.*.ssn', class: 'ssn', transform: 'whole' },
    ]);
    expect(rules.patterns).toEqual([{ class: 'badge', regex: 'B-\\d{6}' }]);
    expect(compileMasking(rules).inboundDenied).toEqual(new Set(['card']));
  });

  it('takes `rules: []` as masking no column', () => {
    expect(compileMasking(parse('rules: []')).masksNothing).toBe(true);
    expect(compileMasking(shippedMasking).masksNothing).toBe(false);
  });

  it.each([
    [
      'rules:\n  - column: a.b.c\n    class: email\n    transfrom: whole\n',
      /masking\.yaml:4: .*transfrom.*no such key/,
    ],
    ['rules: []\nrule: []\n', /masking\.yaml:2: rule: no such key/],
    ['rules:\n  - { column: customers.email, class: email }\n', /masking\.yaml:2: .*schema\.table\.column/],
    [
      'rules:\n  - column: a.b.c\n    class: email\n    transform: half\n',
      /masking\.yaml:4: .*whole, partial, hash, null/,
    ],
    ["rules: []\npatterns:\n  - class: x\n    regex: '(a'\n", /masking\.yaml:4: .*missing closing/],
    ["rules: []\npatterns:\n  - class: x\n    regex: '(?<=a)b'\n", /masking\.yaml:4: .*RE2 syntax/],
    ["rules: []\npatterns:\n  - class: x\n    regex: 'a*'\n", /masking\.yaml:4: .*empty text/],
    ['rules: []\ninbound: { card: maybe }\n', /masking\.yaml:2: .*deny, allow/],
    ['rules: [\n', /masking\.yaml:\d+: /],
    ['patterns: []\n', /masking\.yaml:1: .*rules is missing/],
    ['', /masking\.yaml:1: .*rules is missing/],
    ['rules: []\nrules: []\n', /masking\.yaml:2: /],
  ])('refuses %j, naming the line and the fix', (text, message) => {
    expect(refusal(text)).toMatch(message);
  });
});

describe('columnMask', () => {
  const set = compileMasking(
    parse(`rules:
  - { connection: orders, column: "public.customers.email", class: email, transform: clear }
  - { connection: "orders*", column: "*.customers.*mail", class: email, transform: hash }
  - { column: "?ublic.*.Note", class: note }
`),
  );
  it('takes the first rule that matches, whatever the case, and its class says whether it may be looked up', () => {
    expect(set.columnMask('orders-eu', 'public', 'customers', 'Email')).toEqual({
      class: 'email', transform: 'hash', lookup: true,
    }); // prettier-ignore
    expect(set.columnMask('x', 'public', 'tickets', 'note')).toEqual({
      class: 'note',
      transform: 'whole',
      lookup: false,
    });
  });
  it('leaves what a `clear` rule excepts, and what no rule names', () => {
    expect(set.columnMask('orders', 'public', 'customers', 'email')).toBeUndefined();
    expect(set.columnMask('orders', 'public', 'customers', 'name')).toBeUndefined();
    expect(set.columnMask('other', 'public', 'customers', 'email')).toBeUndefined();
  });
});

describe('the shipped rules', () => {
  const set = compileMasking(shippedMasking);
  const classOf = (column: string) => set.columnMask('demo', 'public', 't', column)?.class;

  it.each([
    ['email', 'email'], ['contact_email', 'email'], ['emailAddress', 'email'], ['ssn', 'ssn'], ['national_id', 'ssn'],
    ['card_number', 'card'], ['pan', 'card'], ['cardNumber', 'card'], ['cvv', 'pin'], ['pin', 'pin'], ['iban', 'iban'],
    ['phone', 'phone'], ['mobile_number', 'phone'], ['password_hash', 'secret'], ['api_key', 'secret'],
    ['client_secret', 'secret'], ['access_token', 'secret'], ['birth_date', 'birth_date'], ['dateOfBirth', 'birth_date'],
    ['dob', 'birth_date'], ['salary', 'salary'], ['account_number', 'account_id'],
  ])('masks %s as %s', (column, expected) => expect(classOf(column)).toBe(expected)); // prettier-ignore

  it.each([
    'id', 'name', 'company', 'pandas', 'japan', 'span', 'shipping', 'opinion', 'email_verified', 'token_count',
    'password_changed_at', 'is_phone_set', 'address_type', 'spin', 'created_at', 'hotel', 'classname', 'tokenizer',
  ])('leaves %s', (column) => expect(classOf(column)).toBeUndefined()); // prettier-ignore
});
