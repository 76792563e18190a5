import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileMasking } from '#masking';
import {
  classifyError,
  classifyNotification,
  redactError,
  redactParameterStatus,
} from './error-redaction.js';
import { redactText } from './error-redaction-text.js';

const names = new Set(['customers', 'email', 'customers_email_key', 'public']);
const context = (statementText = '') => ({ statementText, isCatalogName: (word: string) => names.has(word) });
const shown = (message: string, statement = '') => redactText(message, context(statement));

describe('a message keeps', () => {
  it.each([
    ['relation "customers" does not exist', ''],
    ['duplicate key value violates unique constraint "customers_email_key"', ''],
    ['column "public.customers.email" is ambiguous', ''],
    ['syntax error at or near "selec"', 'selec 1'],
    ['invalid input syntax for type integer: "it\'s me"', "select 'it''s me', \"it's me\"::int"],
    ['value too long for type character varying(20)', ''],
    ['canceling statement due to user request', ''],
    ['current transaction is aborted, commands ignored until end of transaction block', ''],
    ['deadlock detected', ''],
    ['zero-length delimited identifier at or near """"', 'select """"'],
  ])('%s', (message, statement) => expect(shown(message, statement)).toBe(message));
});

describe('a message loses', () => {
  it.each([
    [
      'invalid input syntax for type integer: "bob@example.com"',
      'invalid input syntax for type integer: "…"',
    ],
    ['invalid input syntax for type integer: "a" secret "b"', 'invalid input syntax for type integer: "…"'],
    ['invalid input syntax for type integer: ""', 'invalid input syntax for type integer: ""'],
    ['date out of range: 1971-03-17', 'date out of range: …'],
    ['invalid byte sequence for encoding "UTF8": 0xe9 0x20', 'invalid byte sequence for encoding "…": …'],
    ['user bob@example.com may not', 'user … may not'],
    ['Schlüssel „bob“ ist doppelt', '… „…“ …'],
    ['customer Bob Meier, born 17.3.1971, is not valid.', '…, is not valid.'],
    ["can't find 'bob' or ‘amy’ or «eve»", "can't find '…' or ‘…’ or «…»"],
    ['role "bo" cannot', 'role "…" cannot', 'select bob'],
  ])('%s', (message, expected, statement = '') => expect(shown(message, statement)).toBe(expected));

  it('a value, wherever it stands and whatever else it holds', () => {
    const value = fc.string({ unit: 'binary' }).map((rest) => `Zq7${rest.replaceAll('\0', '')}Zq7`);
    const template = fc.constantFrom(
      'value: "$"',
      'a "$" b "c"',
      'the $ of it',
      "'$'",
      '"$',
      '$',
      '«$»',
      'key ($) is',
    );
    fc.assert(
      fc.property(
        template,
        value,
        (around, secret) => !shown(around.replace('$', () => secret)).includes('Zq7'),
      ),
    );
  });
});

function frame(type: string, fields: Record<string, string>): Buffer {
  const body = Buffer.from(`${Object.entries(fields).map(([key, value]) => `${key}${value}\0`).join('')}\0`); // prettier-ignore
  const header = Buffer.from([type.charCodeAt(0), 0, 0, 0, 0]);
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

describe('a frame', () => {
  it('keeps severity, SQLSTATE, position and real names; drops the rest', () => {
    const full = {
      S: 'FEHLER', V: 'ERROR', C: '23505', M: 'division by zero', D: 'Key (email)=(bob@example.com)', H: 'use bob',
      P: '12', p: '3', q: 'select 1', W: 'PL/pgSQL', s: 'public', t: 'customers', c: 'email', n: 'bob', d: 'bob',
      F: 'x.c', L: '1', R: 'r', Z: 'new',
    }; // prettier-ignore
    expect(redactError(frame('E', full), context())).toEqual(
      frame('E', {
        S: 'FEHLER', V: 'ERROR', C: '23505', M: 'division by zero', H: 'use …', P: '12', s: 'public', t: 'customers', c: 'email',
      }), // prettier-ignore
    );
  });

  it.each([
    ['another message', (bytes: Buffer) => bytes.fill(0x44, 0, 1)],
    ['a false length', (bytes: Buffer) => bytes.subarray(0, -1)],
    ['an open field', (bytes: Buffer) => bytes.fill(0x61, 5)],
  ])('refuses %s', (_name, change) => {
    const broken = change(frame('N', { S: 'NOTICE', M: 'x' }));
    expect(() => redactError(broken, context())).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }),
    );
  });
});

describe('where no rule masks a column of the connection', () => {
  const set = compileMasking({
    rules: [
      { connection: 'hr', column: '*.*.salary', class: 'salary', transform: 'whole' },
      { connection: '*', column: '*.*.note', class: 'note', transform: 'clear' },
    ],
    patterns: [],
    inbound: {},
  });
  const classify = (text: Buffer) => set.maskText(text);

  it('asks by the connection', () => {
    expect([set.masksNothingOn('orders'), set.masksNothingOn('hr')]).toEqual([true, false]);
  });

  it('an error passes whole, but for what the classifiers find', () => {
    const fields = {
      S: 'ERROR',
      C: '23505',
      M: 'no bob',
      D: 'Key (mail)=(bob@example.com)',
      W: 'line 1',
      R: 'r',
    };
    expect(classifyError(frame('E', fields), classify)).toEqual(
      frame('E', { ...fields, D: 'Key (mail)=(b***@example.com)' }),
    );
  });

  it('what a client acts on keeps its form, and every other byte is as the server sent it', () => {
    const all = () => Buffer.from('~');
    expect(classifyError(frame('E', { C: '23505', P: '12', M: '12345' }), all)).toEqual(
      frame('E', { C: '23505', P: '12', M: '~' }),
    );
    const latin = Buffer.from(frame('E', { M: 'caf#' }));
    latin[latin.indexOf('#')] = 0xe9;
    expect(classifyError(latin, classify)).toEqual(latin);
  });

  it('so does a notification', () => {
    const notification = (payload: string) => {
      const out = Buffer.from(`A\0\0\0\0\0\0\0\x07news\0${payload}\0`);
      out.writeInt32BE(out.length - 1, 1);
      return out;
    };
    const shown = classifyNotification(notification('from bob@example.com'), classify);
    expect(shown.toString('latin1')).toBe(notification('from b***@example.com').toString('latin1'));
    expect(() => classifyNotification(notification('x').subarray(0, -1), classify)).toThrow(
      /malformed notification/,
    );
  });
});

describe('ParameterStatus', () => {
  const status = (name: string, value: string): Buffer => {
    const body = Buffer.from(`${name}\0${value}\0`);
    const header = Buffer.from([0x53, 0, 0, 0, 0]);
    header.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([header, body]);
  };
  it.each([
    ['server_version', '15.14 (Debian 15.14-0+deb12u1)'],
    ['client_encoding', 'UTF8'],
    ['DateStyle', 'ISO, MDY'],
    ['TimeZone', 'America/Argentina/Buenos_Aires'],
    ['TimeZone', 'Etc/UTC'],
    ['TimeZone', '<+02>-02'],
    ['standard_conforming_strings', 'on'],
    ['default_transaction_read_only', 'off'],
  ])('shows %s=%s', (name, value) =>
    expect(redactParameterStatus(status(name, value))).toEqual(status(name, value)),
  );
  it.each([
    ['session_authorization', 'svc_orders'],
    ['is_superuser', 'off'],
    ['application_name', 'bob@example.com'],
    ['TimeZone', 'bob1'],
    ['search_path', 'public'],
    ['my.setting', 'bob@example.com'],
    ['DateStyle', 'bob'],
  ])('drops %s=%s', (name, value) => expect(redactParameterStatus(status(name, value))).toBeUndefined());
  it('shows an application_name that is the client’s own', () => {
    expect(
      redactParameterStatus(status('application_name', 'psql'), (value) => value === 'psql'),
    ).toBeDefined();
  });
});
