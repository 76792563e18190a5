import { describe, expect, it } from 'vitest';
import { longPiece, needlesOf, Searcher } from './searcher.js';
import { makeTwin } from './secrets.js';

const { secrets, people } = makeTwin('a');
const searcher = new Searcher(needlesOf(secrets));
const notes = people[0]!.notes.split(' ')[1]!;
const level = Number(people[0]!.level);

/** What may be done to a value on its way out. */
const transforms: Readonly<Record<string, (text: string) => Buffer>> = {
  'as it is': (text) => Buffer.from(text),
  'upper case': (text) => Buffer.from(text.toUpperCase()),
  reversed: (text) => Buffer.from([...text].reverse().join('')),
  'reversed, upper case': (text) => Buffer.from([...text].reverse().join('').toUpperCase()),
  hex: (text) => Buffer.from(Buffer.from(text).toString('hex')),
  'hex, upper case': (text) => Buffer.from(Buffer.from(text).toString('hex').toUpperCase()),
  'UTF-16, little end first': (text) => Buffer.from(text, 'utf16le'),
  'UTF-16, big end first': (text) => Buffer.from(text, 'utf16le').swap16(),
  'percent-encoded': (text) => Buffer.from(Buffer.from(text).toString('hex').replace(/../g, '%$&')),
  'base64, phase 0': (text) => Buffer.from(Buffer.from(text).toString('base64')),
  'base64, phase 1': (text) => Buffer.from(Buffer.from(`x${text}`).toString('base64')),
  'base64, phase 2': (text) => Buffer.from(Buffer.from(`xx${text}`).toString('base64')),
};

describe('the search for masked values', () => {
  it.each(Object.entries(transforms))('finds one: %s', (_, transform) => {
    const bytes = Buffer.concat([Buffer.from('row 7: '), transform(notes), Buffer.from(', and more')]);
    expect(searcher.find(bytes).join()).toContain('notes of a1');
  });

  it.each(Object.entries(transforms))('finds any six characters of it: %s', (name, transform) => {
    // Three characters of base64 stand on fixed places: of six, one group may lie across.
    const length = name.startsWith('base64') ? 8 : 6;
    for (let at = 0; at + length <= notes.length; at++) {
      const bytes = Buffer.concat([
        Buffer.from('7'),
        transform(notes.slice(at, at + length)),
        Buffer.from('-'),
      ]);
      expect(searcher.find(bytes), `${name} from ${at}`).not.toEqual([]);
    }
  });

  it('finds numbers and dates in their binary form', () => {
    const int4 = Buffer.alloc(4);
    int4.writeInt32BE(level);
    expect(searcher.find(Buffer.concat([Buffer.from('D'), int4])).join()).toContain('level of a1, binary');
    const named = (word: string) =>
      secrets.find(({ name, binary }) => name.startsWith(word) && binary.length > 0)!;
    for (const word of ['born', 'salary', 'big', 'score', 'seen', 'ident', 'rng'])
      expect(searcher.find(named(word).binary[0]!).join(), word).toContain(word);
  });

  it('finds what one part of a message begins and the next ends', () => {
    expect(searcher.find(Buffer.from(`${notes}${notes}`))).not.toEqual([]);
    expect(searcher.find(Buffer.from(notes.slice(0, 5)))).toEqual([]);
  });

  it('takes nothing else for one', () => {
    const masked =
      'w***@example.com ****7001 **** {"****"} ERROR 42501 masked column "email" 2021-01-01 Person 1 Ghent';
    expect(searcher.find(Buffer.from(masked))).toEqual([]);
    expect(new Searcher(needlesOf(secrets, longPiece)).find(Buffer.from(masked))).toEqual([]);
  });
});
