import { describe, expect, it } from 'vitest';
import {
  encodeEntries,
  LeafList,
  newSignerKey,
  parseSignerKey,
  signCheckpoint,
  tilePath,
  tilesOf,
} from '#proof';
import { CliError, exit } from '../exit-codes.js';
import type { Cli } from '../verb.js';
import { loadTrees } from './trees.js';

const name = 'gate.example/weir';
const own = parseSignerKey(newSignerKey(name));
const other = parseSignerKey(newSignerKey('other.example/weir'));
const keys = [own.verifier, other.verifier];
const entries = ['{"unreadable":[]}', '{"events":[]}'].map((each) => Buffer.from(each));
const list = LeafList.of(entries);

const note = (size: number, signer = own, origin = `${name}/weir.session.v1/0`) =>
  signCheckpoint({ origin, size, root: list.root(size) }, signer);

const gateWith = (...notes: readonly string[]): Cli => gateBehind(0, ...notes);

/** A gate that has these checkpoints, and for every tree the entries above, but only after so many questions. */
function gateBehind(questions: number, ...notes: readonly string[]): Cli {
  const send = async (_: string, path: string) => {
    if (path === '/log/checkpoint') return new Response(notes.map((each) => `${each}\n`).join(''));
    if (questions-- > 0) throw new CliError(exit.notFound, 'there is no tile', 'NOT_FOUND');
    const tile = [1, 2]
      .flatMap((size) => tilesOf(size, 'entries'))
      .find((each) => path.endsWith(tilePath(each)));
    return new Response(new Uint8Array(encodeEntries(entries.slice(0, tile?.width))));
  };
  return { api: () => ({ send }) } as unknown as Cli;
}

const loaded = async (...notes: readonly string[]) => {
  const { trees, findings } = await loadTrees(keys, gateWith(...notes));
  return { trees: trees.map((tree) => tree.name), findings: findings.map(({ kind }) => kind) };
};

describe("a gate's trees", () => {
  it('are those that its key signed, one of each name', async () => {
    const control = note(2, own, `${name}/weir.policy.v1/0`);
    expect(await loaded(note(2), control)).toEqual({
      trees: ['weir.session.v1/0', 'weir.policy.v1/0'],
      findings: [],
    });
  });

  it.each([
    ['again, beside the one that the sink knows', [note(2), note(1)]],
    [
      'of another gate, whose key is trusted too',
      [note(2), note(1, other, 'other.example/weir/weir.session.v1/0')],
    ],
  ])('are not two of one name: %s', async (_, notes) => {
    expect(await loaded(...notes)).toEqual({
      trees: ['weir.session.v1/0'],
      findings: ['re-signed checkpoint'],
    });
  });

  it('are not signed by a key of another name', async () => {
    expect(await loaded(note(2, other))).toEqual({ trees: [], findings: ['re-signed checkpoint'] });
  });

  it('have no more in their name than it is', async () => {
    const hidden = note(2, own, `${name}/x/weir.session.v1/0`);
    expect((await loaded(note(2), hidden)).findings).toEqual(['re-signed checkpoint']);
  });

  it('are waited for where whoever has the tiles is behind who has the checkpoint', async () => {
    const pauses: number[] = [];
    const pause = async (milliseconds: number) => void pauses.push(milliseconds);
    const { trees, findings } = await loadTrees(keys, gateBehind(6, note(2)), pause);
    expect([trees.map((tree) => tree.name), findings]).toEqual([['weir.session.v1/0'], []]);
    expect(pauses).toEqual([500, 500, 500]);
  });

  it('cannot be verified where tiles are not there for seconds, which is not that they are wrong', async () => {
    let waited = 0;
    const pause = async (milliseconds: number) => void (waited += milliseconds);
    const both = [note(2), note(2, own, `${name}/weir.policy.v1/0`)];
    const { trees, findings } = await loadTrees(keys, gateBehind(Infinity, ...both), pause);
    expect(trees).toEqual([]);
    expect(findings.map(({ kind }) => kind)).toEqual(['missing tile', 'missing tile']);
    expect(findings[0]?.why).toMatch(
      /^tile\/entries\/000.p\/2 is not there: the tree cannot be verified now/,
    );
    expect(waited).toBe(5000); // for all of them, not for each
  });

  it('with tiles that are no tiles, or others, are changed', async () => {
    const wrong = (bytes: Uint8Array): Cli => {
      const send = async (_: string, path: string) =>
        new Response(path === '/log/checkpoint' ? `${note(2)}\n` : new Uint8Array(bytes));
      return { api: () => ({ send }) } as unknown as Cli;
    };
    for (const bytes of [Buffer.from('x'), encodeEntries([...entries].reverse())])
      expect((await loadTrees(keys, wrong(bytes))).findings).toMatchObject([{ kind: 'changed tree' }]);
  });
});
