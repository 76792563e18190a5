import { describe, expect, it } from 'vitest';
import { byte, frontend as type, int16, int32, message as frame } from './codec.js';
import { namesNothing } from './nameless.js';
import type { Message } from './units.js';

const messageOf = (buffer: Buffer): Message => ({ code: buffer[0]!, buffer, start: 0, end: buffer.length });
const query = (text: string) => namesNothing({ kind: 'query', message: messageOf(frame(type.query, text)) });
const segment = (...frames: Buffer[]) =>
  namesNothing({ kind: 'segment', messages: frames.map(messageOf), forced: false });
const parse = (name: string, text: string) => frame(type.parse, name, text, int16(0));
const bind = (portal: string, name: string) => frame(type.bind, portal, name, int16(0), int16(0), int16(0));
const execute = (portal: string) => frame(type.execute, portal, int32(0));

describe('messages that name nothing', () => {
  it.each([
    'begin',
    ' BEGIN ISOLATION LEVEL SERIALIZABLE ; ',
    'start transaction',
    'SET TRANSACTION\n READ ONLY',
    'savepoint s',
    'rollback to s',
    'release s',
    'commit and chain',
    'END',
    'abort',
    'begin -- by the ORM',
  ])('%s', (text) => {
    expect(query(text)).toBe(true);
    expect(segment(parse('', text), frame(type.describe, byte(0x53), ''), bind('', ''), execute(''))).toBe(
      true,
    );
  });

  it.each([
    '',
    'select 1',
    'begin; select * from t',
    'set transaction_isolation = serializable',
    'set search_path = a',
    'set session characteristics as transaction read only',
    'begins',
    'start_replication',
    "set transaction snapshot '1;2'",
    'execute commit',
  ])('not: %s', (text) => expect(query(text)).toBe(false));

  it('not where something is run that was made before', () => {
    expect(segment(parse('', 'begin'), bind('', 'old'), execute(''))).toBe(false);
    expect(segment(parse('', 'begin'), bind('', ''), execute('old'))).toBe(false);
    expect(segment(bind('', ''), execute(''))).toBe(false);
    expect(segment(parse('', 'begin'), parse('a', 'select 1'))).toBe(false);
  });
});
