import { describe, expect, it } from 'vitest';
import { parseOptions, readParameters } from './startup-parameters.js';

const read = (pairs: Record<string, string>) =>
  readParameters(new Map(Object.entries({ user: 'ana', ...pairs })));

describe('startup parameters', () => {
  it('are those that real drivers send', () => {
    const psql = read({ database: 'orders', application_name: 'psql', client_encoding: 'UTF8' });
    expect(psql.database).toBe('orders');
    const jdbc = read({
      client_encoding: 'UTF8',
      DateStyle: 'ISO',
      TimeZone: 'Europe/Oslo',
      extra_float_digits: '2',
    });
    expect([...jdbc.settings.keys()]).toEqual([
      'client_encoding',
      'DateStyle',
      'TimeZone',
      'extra_float_digits',
    ]);
    expect(
      read({ client_encoding: "'utf-8'", search_path: 'app, public' }).settings.get('client_encoding'),
    ).toBe('UTF8');
    expect(read({ replication: 'false' }).settings.size).toBe(0);
  });

  it('name the user as database where none is given', () => {
    expect(read({}).database).toBe('ana');
    expect(read({ database: '' }).database).toBe('ana');
  });

  it('are known in any case, and passed on as the server writes them', () => {
    expect([...read({ datestyle: 'ISO', TIMEZONE: 'UTC' }).settings]).toEqual([
      ['DateStyle', 'ISO'],
      ['TimeZone', 'UTC'],
    ]);
  });

  it.each([
    [{ role: 'admin' }],
    [{ session_authorization: 'admin' }],
    [{ local_preload_libraries: 'x' }],
    [{ constructor: 'x' }],
    [{ client_encoding: 'LATIN1' }],
    [{ client_encoding: 'GBK' }],
    [{ client_min_messages: 'debug5' }],
    [{ backslash_quote: 'on' }],
    [{ escape_string_warning: 'off' }],
    [{ standard_conforming_strings: 'off' }],
    [{ options: '-c standard_conforming_strings=off' }],
    [{ user: '' }],
  ])('refuse %j', (pairs) => {
    expect(() => read(pairs)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
  });

  it('take no replication', () => {
    for (const replication of ['true', 'on', '1', 'database'])
      expect(() => read({ replication })).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }));
  });

  it('read options as libpq sends them', () => {
    expect(parseOptions('-c a=1 -cb=2 --c-d=3  -c e=x\\ y\\\\z -c f=')).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['c_d', '3'],
      ['e', 'x y\\z'],
      ['f', ''],
    ]);
    expect(parseOptions('')).toEqual([]);
    for (const wrong of ['-c', '-c a', 'a=1', '-d 5', '-c =1', '--=1', '-B 100'])
      expect(() => parseOptions(wrong)).toThrow(/can't hold/);
  });
});
