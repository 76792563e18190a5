import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkpointBlock,
  openCheckpoint,
  readCheckpoint,
  signCheckpoint,
  splitCheckpoints,
} from './checkpoint.js';
import {
  newSignerKey,
  openNote,
  parseSignerKey,
  parseVerifierKey,
  parseVerifierKeys,
  signNote,
} from './signed-note.js';

/** The example of the format's reference implementation (golang.org/x/mod/sumdb/note). */
const example = {
  signer: 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz',
  verifier: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  text: "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
  line: '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
};
const theirs = parseSignerKey(example.signer);
const ours = parseSignerKey(newSignerKey('log.example/weir'));

describe('a signed note', () => {
  it('is the published one, byte for byte', () => {
    expect(theirs.verifier.text).toBe(example.verifier);
    expect(parseVerifierKey(example.verifier).id).toBe('c74f20a3');
    expect(signNote(example.text, theirs)).toBe(`${example.text}\n${example.line}`);
  });

  it('opens with a key of the list', () => {
    const note = `${example.text}\n${example.line}`;
    expect(openNote(note, [ours.verifier, theirs.verifier])).toMatchObject({
      text: example.text,
      by: { name: 'PeterNeumann' },
    });
    expect(openNote(note, [ours.verifier])).toBeUndefined();
    expect(openNote(note, [])).toBeUndefined();
  });

  it('opens where others signed it too, and not where a known signature does not hold', () => {
    const both = signNote(example.text, theirs) + signNote(example.text, ours).split('\n\n')[1]!;
    expect(openNote(both, [ours.verifier])?.by.name).toBe('log.example/weir');
    const other = signNote('another\n', ours).split('\n\n')[1]!;
    const mixed = signNote(example.text, theirs) + other;
    expect(openNote(mixed, [theirs.verifier])?.text).toBe(example.text);
    expect(openNote(mixed, [theirs.verifier, ours.verifier])).toBeUndefined();
  });

  it('does not open with any character changed', () => {
    const note = signNote(example.text, ours);
    fc.assert(
      fc.property(fc.nat(note.length - 1), fc.integer({ min: 32, max: 126 }), (at, code) => {
        const changed = note.slice(0, at) + String.fromCharCode(code) + note.slice(at + 1);
        const opened = openNote(changed, [ours.verifier]);
        expect(opened === undefined || changed === note).toBe(true);
      }),
    );
  });

  it.each(['', 'no newline', 'a tab\t\n', 'a\0\n'])('is not made of %j', (text) => {
    expect(() => signNote(text, ours)).toThrow('not a text');
  });

  it.each([
    '',
    'x',
    'a\n\n',
    'a\n\n— name\n',
    'a\n\n— name AAAA\n',
    'a\n\nname AAAAAAAA\n',
    'a\n— n AAAAAAAA\n',
  ])('is not %j', (note) => expect(openNote(note, [ours.verifier])).toBeUndefined());
});

describe('keys', () => {
  it('are told apart by name and id', () => {
    expect(parseVerifierKey(ours.verifier.text)).toMatchObject({
      name: ours.verifier.name,
      id: ours.verifier.id,
    });
    expect(() => parseVerifierKey(ours.verifier.text.replace('weir', 'wear'))).toThrow('id is not its own');
    expect(() => parseSignerKey(newSignerKey('a').replace('+a+', '+b+'))).toThrow('id is not its own');
    expect(() => parseVerifierKey('log.example+00000000+AAAA')).toThrow('not a verifier key');
    expect(() => parseSignerKey(ours.verifier.text)).toThrow('not a signer key');
  });

  it('come as a list, with remarks', () => {
    const list = `# since May\n${example.verifier}\n\n${ours.verifier.text}\n`;
    expect(parseVerifierKeys(list).map(({ id }) => id)).toEqual(['c74f20a3', ours.verifier.id]);
  });
});

describe('a checkpoint', () => {
  const checkpoint = { origin: 'log.example/weir/topic/0', size: 7, root: Buffer.alloc(32, 7) };

  it('is signed and opened', () => {
    const note = signCheckpoint(checkpoint, ours);
    expect(note.split('\n').slice(0, 4)).toEqual([
      'log.example/weir/topic/0',
      '7',
      checkpoint.root.toString('base64'),
      '',
    ]);
    expect(openCheckpoint(note, [ours.verifier])).toEqual({ ...checkpoint, by: ours.verifier });
    expect(openCheckpoint(note, [theirs.verifier])).toBeUndefined();
    expect(readCheckpoint(note)).toEqual(checkpoint);
  });

  it.each([
    'log.example/weir/t\n07\nAAAA\n',
    'log.example/weir/t\n-1\nAAAA\n',
    'log.example/weir/t\n7\nAAAA\n',
    `log.example/weirdo/t\n7\n${'A'.repeat(43)}=\n`,
    `\n7\n${'A'.repeat(43)}=\n`,
    'o\n7\n',
  ])('is not %j', (text) => expect(openCheckpoint(signNote(text, ours), [ours.verifier])).toBeUndefined());

  it('is found again in a file of many', () => {
    const notes = [1, 2, 3].map((size) => signCheckpoint({ ...checkpoint, size }, ours));
    expect(splitCheckpoints(notes.map(checkpointBlock).join(''))).toEqual(notes);
    const torn = notes.map(checkpointBlock).join('').slice(0, -30);
    expect(splitCheckpoints(torn).slice(0, 2)).toEqual(notes.slice(0, 2));
    expect(splitCheckpoints(`${notes[0]}\n\n\n${notes[1]}`)).toEqual(notes.slice(0, 2));
    expect(splitCheckpoints('')).toEqual([]);
  });
});
