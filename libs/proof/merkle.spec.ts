import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LeafList } from './leaf.list.js';
import { consistencyProof, emptyRoot, inclusionProof, leafHash } from './merkle.js';
import { verifyConsistency, verifyInclusion } from './merkle.verify.js';

/** The entries, roots and proofs that implementations of RFC 6962 are held against (Certificate Transparency's). */
const entries = [
  ...['', '00', '10', '2021', '3031', '40414243', '5051525354555657'],
  '606162636465666768696a6b6c6d6e6f',
].map((hex) => Buffer.from(hex, 'hex'));
const roots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const [d01, d23, d45, d67] = [
  roots[2]!,
  '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
  '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
  'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
];
const [d1, d4, d6] = [
  '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
  'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
  'b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f',
];
const right = '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4';

const known = LeafList.of(entries);
const hex = (hashes: readonly Buffer[]) => hashes.map((each) => each.toString('hex'));

describe('the published vectors', () => {
  it.each(roots.map((root, size) => [size, root]))('root of %i entries', (size, root) => {
    expect(known.root(size as number).toString('hex')).toBe(root);
  });

  it.each<[number, number, string[]]>([
    [0, 1, []],
    [0, 8, [d1, d23, right]],
    [5, 8, [d4, d67, roots[4]!]],
    [2, 3, [d01]],
    [1, 5, [roots[1]!, d23, d4]],
  ])('inclusion of %i in %i', (index, size, proof) => {
    expect(hex(inclusionProof(index, size, known.range))).toEqual(proof);
  });

  it.each<[number, number, string[]]>([
    [1, 1, []],
    [1, 8, [d1, d23, right]],
    [6, 8, [d45, d67, roots[4]!]],
    [2, 5, [d23, d4]],
    [6, 7, [d45, d6, roots[4]!]],
  ])('consistency of %i with %i', (first, second, proof) => {
    expect(hex(consistencyProof(first, second, known.range))).toEqual(proof);
  });
});

const trees = fc.array(fc.uint8Array({ maxLength: 8 }), { minLength: 1, maxLength: 70 });
const flipped = (hash: Buffer, bit: number): Buffer => {
  const copy = Buffer.from(hash);
  copy[(bit >> 3) % 32]! ^= 1 << (bit & 7);
  return copy;
};
const without = (proof: readonly Buffer[], at: number) => proof.filter((_, i) => i !== at % proof.length);

describe('inclusion', () => {
  it('holds for every entry of every tree, and for nothing else', () => {
    fc.assert(
      fc.property(trees, fc.nat(), fc.nat(255), fc.nat(), (data, pick, bit, at) => {
        const tree = LeafList.of(data);
        const size = tree.size;
        const index = pick % size;
        const proof = inclusionProof(index, size, tree.range);
        const leaf = leafHash(data[index]!);
        const given = { index, size, leaf, proof, root: tree.root() };
        expect(verifyInclusion(given)).toBe(true);
        const altered = [
          { leaf: flipped(leaf, bit) },
          { root: flipped(tree.root(), bit) },
          { leaf: Buffer.from('short') },
          { index: -1 },
          { index: size },
          { index: 0.5 },
          { proof: [...proof, tree.root()] },
          { proof: [tree.root(), ...proof] },
          ...(proof.length === 0 ? [] : [{ proof: without(proof, at) }]),
          ...proof.map((_, i) => ({ proof: proof.map((each, j) => (i === j ? flipped(each, bit) : each)) })),
        ];
        for (const change of altered) expect(verifyInclusion({ ...given, ...change })).toBe(false);
      }),
    );
  });

  it('places distinct entries: no other index will do', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 70 }), fc.nat(), fc.nat(), (size, pick, other) => {
        const tree = LeafList.of(Array.from({ length: size }, (_, i) => Buffer.from(String(i))));
        const [index, wrong] = [pick % size, other % size];
        const proof = inclusionProof(index, size, tree.range);
        const leaf = leafHash(Buffer.from(String(index)));
        const holds = verifyInclusion({ index: wrong, size, leaf, proof, root: tree.root() });
        expect(holds).toBe(wrong === index);
      }),
    );
  });
});

describe('consistency', () => {
  it('holds between a tree and its every beginning, and for nothing else', () => {
    fc.assert(
      fc.property(trees, fc.nat(), fc.nat(255), fc.nat(), (data, pick, bit, at) => {
        const tree = LeafList.of(data);
        const second = tree.size;
        const first = (pick % second) + 1;
        const proof = consistencyProof(first, second, tree.range);
        const given = { first, firstRoot: tree.root(first), second, secondRoot: tree.root(), proof };
        expect(verifyConsistency(given)).toBe(true);
        const altered = [
          { firstRoot: flipped(given.firstRoot, bit) },
          { secondRoot: flipped(given.secondRoot, bit) },
          { first: second + 1 },
          { first: -1 },
          { proof: [...proof, tree.root()] },
          { proof: [tree.root(), ...proof] },
          ...(proof.length === 0 ? [] : [{ proof: without(proof, at) }, { proof: [] }]),
          ...proof.map((_, i) => ({ proof: proof.map((each, j) => (i === j ? flipped(each, bit) : each)) })),
        ];
        for (const change of altered) expect(verifyConsistency({ ...given, ...change })).toBe(false);
      }),
    );
  });

  it('does not hold with a tree whose beginning was changed', () => {
    fc.assert(
      fc.property(trees, fc.nat(), fc.nat(), (data, pick, at) => {
        const before = LeafList.of(data);
        const first = (pick % before.size) + 1;
        const changed = data.map((entry, i) => (i === at % first ? Buffer.from([...entry, 1]) : entry));
        const after = LeafList.of(changed);
        const proof = consistencyProof(first, after.size, after.range);
        const roots_ = { firstRoot: before.root(first), secondRoot: after.root() };
        expect(verifyConsistency({ first, second: after.size, proof, ...roots_ })).toBe(false);
      }),
    );
  });

  it('says nothing of an empty tree', () => {
    const given = { first: 0, firstRoot: emptyRoot, second: 8, secondRoot: known.root() };
    expect(verifyConsistency({ ...given, proof: [] })).toBe(true);
    expect(verifyConsistency({ ...given, proof: [known.root()] })).toBe(false);
  });
});
