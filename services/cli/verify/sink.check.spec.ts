import { describe, expect, it } from 'vitest';
import {
  LeafList,
  newSignerKey,
  openCheckpoint,
  parseSignerKey,
  signCheckpoint,
  splitCheckpoints,
  type SignerKey,
} from '#proof';
import { checkSink } from './sink.check.js';
import type { Tree } from './trees.js';

const name = 'gate.example/weir';
const origin = `${name}/weir.session.v1/0`;
const [first, second, stranger] = [name, name, 'other.example/weir'].map((each) =>
  parseSignerKey(newSignerKey(each)),
) as [SignerKey, SignerKey, SignerKey];
const keys = [first, second, stranger].map(({ verifier }) => verifier);
const list = LeafList.of(['a', 'b', 'c', 'd'].map((each) => Buffer.from(each)));

const note = (size: number, signer = first, of = origin, root = list.root(size)) =>
  signCheckpoint({ origin: of, size, root }, signer);
const tree = (signer = first): Tree => {
  const own = note(4, signer);
  const checkpoint = openCheckpoint(own, keys)!;
  return { origin, name: 'weir.session.v1/0', note: own, checkpoint, entries: [], list };
};
const held = (notes: readonly string[], own = tree()) => {
  const { findings, notes: said } = checkSink(notes, [own], keys);
  return { findings: findings.map(({ why }) => why), said };
};

describe('a tree and what went to the sink', () => {
  it('agree, also after a new key has come', () => {
    expect(held([note(1), note(3), note(4)])).toEqual({ findings: [], said: [] });
    expect(held([note(1), note(3), note(3, second), note(4, second)], tree(second))).toEqual({
      ...{ findings: [], said: [] },
    });
  });

  it('a key that was replaced signs nothing any more, here or there', () => {
    const why = (whose: string) =>
      `${whose} checkpoint of size 4 is signed by a key that another had replaced`;
    expect(held([note(1), note(3, second)]).findings).toEqual([why("the gate's")]);
    expect(held([note(1), note(3, second), note(4)], tree(second)).findings).toEqual([why("the sink's")]);
  });

  it('a key that is trusted for another gate signs nothing here', () => {
    expect(openCheckpoint(note(4, stranger), keys)).toBeUndefined();
    expect(held([note(4), note(3, stranger, origin, Buffer.alloc(32))]).findings).toEqual([
      "no key that is trusted signed the sink's checkpoint of size 3",
    ]);
  });

  it('what the sink does not vouch for is said', () => {
    expect(held([note(3)])).toEqual({
      findings: [],
      said: [`${origin}: the sink's copy vouches for 3 of 4 leaves`],
    });
    expect(held([note(4, stranger, 'other.example/weir/weir.session.v1/0')]).said).toEqual([
      `unanchored: the sink's copy has no checkpoint of ${origin}`,
    ]);
  });

  it('a write that was cut off hides nothing of what came after it, wherever it was cut', () => {
    const whole = `\n\n${note(3)}\n`;
    for (let end = 3; end < whole.length - 2; end++) {
      const text = `\n\n${note(2)}\n${whole.slice(0, end)}\n\n${note(4)}\n`;
      const { findings, said } = held(splitCheckpoints(text));
      expect([end, findings, said]).toEqual([end, [], [expect.stringContaining('cut off')]]);
    }
  });
});
