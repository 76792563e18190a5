import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  decodeEnvelope,
  encodeEnvelope,
  genesis,
  linkEnvelope,
  topics,
  type ChainHead,
  type Envelope,
} from '#events';
import {
  decodeEntries,
  leafHash,
  newSignerKey,
  parseSignerKey,
  parseVerifierKeys,
  readCheckpoint,
  signCheckpoint,
  splitCheckpoints,
  verifyConsistency,
  verifyInclusion,
  type Checkpoint,
} from '#proof';
import { openProofKeys } from '../../services/audit/proof/proof.keys.js';
import { ProofService } from '../../services/audit/proof/proof.service.js';
import { TreeFiles } from '../../services/audit/proof/tree.files.js';
import { TreeWriter } from '../../services/audit/proof/tree.writer.js';
import { aSession, ProofStage } from './proof.stage.js';

// Each starts an engine, most of them twice.
vi.setConfig({ testTimeout: 60_000 });

let stage: ProofStage;
beforeEach(async () => {
  stage = await ProofStage.open();
});
afterEach(() => stage.close());

const anchored = ['--against', 'outside/checkpoints', '--key', 'proof/keys'];
const tree = 'proof/weir.session.v1/0';
const text = (path: string) => readFileSync(join(stage.dir, path), 'utf8');
const sink = () => splitCheckpoints(text('outside/checkpoints')).map((note) => readCheckpoint(note)!);
const files = (path: string): string[] =>
  readdirSync(join(stage.dir, path), { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(stage.dir, path, name)).isFile())
    .sort();
const contents = () => Object.fromEntries(files(tree).map((name) => [name, text(join(tree, name))]));

/** Some sessions, each in a batch of its own. */
async function record(...ids: string[]): Promise<void> {
  for (const id of ids) {
    await stage.append(aSession(id));
    await stage.cover();
  }
}

/** What somebody with this machine and its key does to the tree while nothing runs. */
async function forge(change: (entries: Buffer[]) => Buffer[]): Promise<void> {
  await stage.down();
  const size = readCheckpoint(text(`${tree}/checkpoint`))!.size;
  const bundle = readFileSync(join(stage.dir, tree, `tile/entries/000.p/${size}`));
  const through = (JSON.parse(text(`${tree}/state.json`)) as { through: number }).through;
  const forged = await TreeFiles.clear(join(stage.dir, tree));
  forged.append(change(decodeEntries(bundle)!), through);
  await forged.save();
  const signer = parseSignerKey(text('keys/checkpoints.key'));
  const { origin } = readCheckpoint(text(`${tree}/checkpoint`))!;
  const note = signCheckpoint({ origin, size: forged.size, root: forged.root() }, signer);
  writeFileSync(join(stage.dir, tree, 'checkpoint'), note);
  await stage.up();
}

describe('checkpoints', () => {
  it('are signed with a key made at first start, kept to this user, and go to the sink', async () => {
    await record('ses_1', 'ses_2');
    expect(statSync(join(stage.dir, 'keys/checkpoints.key')).mode & 0o777).toBe(0o600);
    expect(sink().map(({ size }) => size)).toEqual([1, 2]);
    expect(text('outside/checkpoints')).toContain(text(`${tree}/checkpoint`));
    const served = await (await stage.fetch('/log/checkpoint')).text();
    expect(splitCheckpoints(served)).toEqual([text(`${tree}/checkpoint`)]);
    expect(await (await stage.fetch('/log/keys')).text()).toBe(text('proof/keys'));
  });

  it('lie beside the tiles of their tree, which are served as they are', async () => {
    await record('ses_1', 'ses_2');
    expect(files(tree)).toEqual([
      ...['checkpoint', 'state.json', 'tile/0/000.p/1', 'tile/0/000.p/2'],
      ...['tile/entries/000.p/1', 'tile/entries/000.p/2'],
    ]);
    const path = '/log/trees/weir.session.v1/0/tile/0/000.p/2';
    expect(Buffer.from(await (await stage.fetch(path)).arrayBuffer())).toHaveLength(64);
    for (const wrong of ['tile/0/000.p/3', 'state.json', 'tile/0/..%2fcheckpoint', 'tile/0/000.p/2/..'])
      expect((await stage.fetch(`/log/trees/weir.session.v1/0/${wrong}`)).status).toBe(404);
    expect((await stage.fetch('/log/trees/weir.proof.v1/0/tile/0/000')).status).toBe(404);
    expect((await stage.fetch('/log/trees/..%2f..%2fkeys/0/tile/0/000')).status).toBe(404);
  });

  it('are what proofs over the API lead to', async () => {
    await record('ses_1', 'ses_2', 'ses_3');
    const ask = async (query: string) => stage.fetch(`/log/proof?tree=weir.session.v1/0&${query}`);
    type Answer = { checkpoint: string; proof: string[] };
    const bytes = ({ proof }: Answer) => proof.map((hash) => Buffer.from(hash, 'base64'));
    const inclusion = (await (await ask('index=1')).json()) as Answer;
    const { size, root } = readCheckpoint(inclusion.checkpoint)!;
    const bundle = readFileSync(join(stage.dir, tree, 'tile/entries/000.p/3'));
    const leaf = leafHash(decodeEntries(bundle)![1]!);
    expect(verifyInclusion({ index: 1, size, root, leaf, proof: bytes(inclusion) })).toBe(true);
    const [, { size: first, root: firstRoot }] = sink() as [unknown, Checkpoint];
    const consistency = bytes((await (await ask('first=2')).json()) as Answer);
    const both = { first, firstRoot, second: size, secondRoot: root, proof: consistency };
    expect(verifyConsistency(both)).toBe(true);
    for (const [query, status] of [
      ['index=3', 404],
      ['first=4', 404],
      ['', 400],
      ['index=1&first=1', 400],
    ] as const)
      expect([query, (await ask(query)).status]).toEqual([query, status]);
    expect((await stage.fetch('/log/proof?tree=weir.proof.v1/0&index=0')).status).toBe(404);
  });

  it('go on after a restart, and are made of what was stored until the stop', async () => {
    await record('ses_1');
    await stage.append(aSession('ses_2'));
    await stage.restart();
    expect(sink().at(-1)?.size).toBe(2);
    await record('ses_3');
    expect(sink().at(-1)?.size).toBe(3);
    expect(await stage.weir('verify', ...anchored)).toMatchObject({ code: 0 });
  });

  it('are signed with the key that is given, under its name; no other name may follow', async () => {
    await stage.down();
    rmSync(stage.dir, { recursive: true });
    stage = await ProofStage.open('audit: { proof: { interval: 50, key: "file:given" } }', (dir) =>
      writeFileSync(join(dir, 'given'), newSignerKey('audit.example/weir')),
    );
    await record('ses_1');
    expect(readCheckpoint(text(`${tree}/checkpoint`))?.origin).toBe('audit.example/weir/weir.session.v1/0');
    expect(existsSync(join(stage.dir, 'keys/checkpoints.key'))).toBe(false);
    await stage.down();
    const given = text('given');
    for (const wrong of [newSignerKey('other.example'), 'PRIVATE+KEY+x', given.replace('weir+', 'weir+0')]) {
      writeFileSync(join(stage.dir, 'given'), wrong);
      await expect(openProofKeys(stage.config())).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    }
    writeFileSync(join(stage.dir, 'given'), given);
    await stage.up();
  });

  it('wait for a sink that is away, and reach it once it is back', async () => {
    mkdirSync(join(stage.dir, 'outside/checkpoints'), { recursive: true });
    await stage.append(aSession('ses_1'));
    await expect(stage.cover()).rejects.toThrow('EISDIR');
    rmSync(join(stage.dir, 'outside/checkpoints'), { recursive: true });
    await stage.cover();
    expect(sink().map(({ size }) => size)).toEqual([1]);
  });
});

describe('the trees', () => {
  it('are the same, byte for byte, when they are made again from the log', async () => {
    await record('ses_1', 'ses_2');
    const before = contents();
    await stage.down();
    rmSync(join(stage.dir, tree, 'tile'), { recursive: true });
    await stage.up();
    await stage.weir('verify');
    expect(contents()).toEqual({ ...before, ...contents() });
    expect(text(`${tree}/checkpoint`)).toBe(before['checkpoint']);
    expect(await stage.weir('verify', ...anchored)).toMatchObject({ code: 0 });
  });

  it('are the same for a second writer', async () => {
    await record('ses_1');
    await stage.append(aSession('ses_2'));
    await Promise.all([stage.cover(), stage.cover(), stage.cover()]);
    const { keys } = stage.get(ProofService);
    const name = { topic: topics.session, partition: 0 };
    const folder = join(stage.dir, 'second');
    const second = await TreeWriter.open({ tree: name, folder, log: stage.log, keys });
    for (const [after, through] of [
      [-1, 9],
      [9, 19],
    ] as const)
      await second.apply({ ...name, after, through });
    expect(second.note).toBe(text(`${tree}/checkpoint`));
    await expect(second.apply({ ...name, after: 5, through: 25 })).rejects.toThrow('ends at 19, not at 5');
  });

  it('are not signed where they do not continue what was signed', async () => {
    await record('ses_1');
    await stage.append(aSession('ses_2'));
    const folder = join(stage.dir, 'second');
    const name = { topic: topics.session, partition: 0 };
    cpSync(join(stage.dir, 'proof'), folder, { recursive: true });
    const origin = readCheckpoint(text(`${tree}/checkpoint`))!.origin;
    const { keys } = stage.get(ProofService);
    const other = signCheckpoint({ origin, size: 1, root: Buffer.alloc(32) }, keys.signer);
    writeFileSync(join(folder, 'weir.session.v1/0/checkpoint'), other);
    const opening = TreeWriter.open({ tree: name, folder, log: stage.log, keys });
    await expect(opening).rejects.toThrow('does not continue the checkpoint of size 1');
  });
});

describe('weir verify against the sink', () => {
  it('finds a checkpoint that was signed again over a changed history', async () => {
    await record('ses_1', 'ses_2');
    const changed = (entry: Buffer) => Buffer.from(entry.toString().replace(/"head":"../, '"head":"00'));
    await forge(([first, ...rest]) => [changed(first!), ...rest]);
    const { origin } = sink()[0]!;
    const { code, out } = await stage.weir('verify', ...anchored);
    expect(code).toBe(1);
    expect(out).toContain(
      `re-signed checkpoint: ${origin}: its first 1 leaves are not those of the sink's checkpoint of that size`,
    );
    await record('ses_3');
    expect((await stage.weir('verify', ...anchored)).out.join('\n')).toContain('re-signed checkpoint');
  });

  it('finds that the end of a tree was cut off, with its rows', async () => {
    await record('ses_1', 'ses_2');
    await forge(([first]) => [first!]);
    for (const table of ['session_event_rows', 'session_summary_rows'])
      await stage.tamper(`ALTER TABLE weir.${table} DELETE WHERE session_id = 'ses_2'`);
    const unanchored = await stage.weir('verify', '--key', 'proof/keys');
    expect(unanchored.out[0]).toMatch(/^unanchored: /);
    expect(unanchored.code).toBe(0);
    const { code, out } = await stage.weir('verify', ...anchored);
    const { origin } = sink()[0]!;
    expect(code).toBe(1);
    expect(out[0]).toBe(`truncated tail: ${origin}: the tree has 1 leaves, the sink's checkpoint 2`);
  });

  it('finds a key that nobody trusts, in the tree and in the sink', async () => {
    await record('ses_1');
    writeFileSync(join(stage.dir, 'pinned'), text('proof/keys'));
    await stage.down();
    const { name } = parseVerifierKeys(text('proof/keys'))[0]!;
    rmSync(join(stage.dir, 'keys/checkpoints.key')); // a new one is made, under the name that the trees have
    await stage.up();
    await record('ses_2');
    const { code, out } = await stage.weir('verify', '--key', 'pinned', '--against', 'outside/checkpoints');
    expect(code).toBe(1);
    const origin = `${name}/weir.session.v1/0`;
    expect(out[0]).toBe(`re-signed checkpoint: ${origin}: no key that is trusted signed it`);
    const rotated = await stage.weir('verify', ...anchored);
    expect(rotated).toMatchObject({ code: 0 });
    expect(parseVerifierKeys(text('proof/keys'))).toHaveLength(2);
  });

  it('finds tiles that are not those of the signed root', async () => {
    await record('ses_1', 'ses_2');
    const bundle = join(stage.dir, tree, 'tile/entries/000.p/2');
    writeFileSync(bundle, readFileSync(bundle, 'latin1').replace('"to":10', '"to":11'), 'latin1');
    const { code, out } = await stage.weir('verify', ...anchored);
    expect(code).toBe(1);
    expect(out[0]).toMatch(
      /^changed tree: .*weir.session.v1\/0: its entries are not those of its signed root$/,
    );
  });
});

describe('weir export', () => {
  it('gives a bundle that verifies with no gate running, and not once it is changed', async () => {
    await record('ses_0', 'ses_1', 'ses_2');
    expect(await stage.weir('export', '--session', 'ses_1')).toMatchObject({ code: 0 });
    writeFileSync(join(stage.dir, 'pinned'), text('proof/keys'));
    await stage.down();
    const offline = (file = 'ses_1.bundle') =>
      stage.weir('verify', '--offline', file, '--key', 'pinned', '--against', 'outside/checkpoints');
    expect(await offline()).toEqual({
      code: 0,
      out: ['1 sessions, 10 events, 0 control events: nothing found'],
      err: [],
    });
    const bundle = text('ses_1.bundle');
    const { events } = JSON.parse(bundle) as { events: string[] };
    const cases: [string, string, RegExp][] = [
      ['an event left out', bundle.replace(`"${events[3]}",`, ''), /^deleted row: session ses_1 seq 4: /],
      [
        'the end left out',
        bundle.replace(`,\n  "${events[9]}"`, ''),
        /^truncated tail: session ses_1 seq 10: /,
      ],
      ['an event of another', bundle.replaceAll('ses_1', 'ses_2'), /./],
      ['a byte', bundle.replace(events[1]!, flip(events[1]!)), /^changed text: session ses_1 seq 2: /],
      ['a leaf', bundle.replace('\\"to\\":10', '\\"to\\":11'), /^changed tree: /],
      ['a proof', bundle.replace(/("proof": \[\s*")./, '$1/'), /^changed tree: /],
      ['the checkpoint', bundle.replace(String.raw`\n3\n`, String.raw`\n4\n`), /^re-signed checkpoint: /],
    ];
    for (const [name, changed, finding] of cases) {
      expect([name, changed === bundle]).toEqual([name, false]);
      writeFileSync(join(stage.dir, 'changed.bundle'), changed);
      const { code, out } = await offline('changed.bundle');
      expect([name, code, finding.test(out[0]!) || out[0]]).toEqual([name, 1, true]);
    }
    // With the gate's own key, over a tree that the sink never saw.
    const { origin, root } = readCheckpoint(JSON.parse(bundle).trees[0].checkpoint as string)!;
    const signer = parseSignerKey(text('keys/checkpoints.key'));
    const forged = JSON.parse(bundle) as { trees: { checkpoint: string; leaves: unknown[] }[] };
    forged.trees.push({ checkpoint: signCheckpoint({ origin, size: 4, root }, signer), leaves: [] });
    writeFileSync(join(stage.dir, 'forged.bundle'), JSON.stringify(forged));
    expect(await offline('forged.bundle')).toMatchObject({
      code: 1,
      out: [
        expect.stringMatching(/^re-signed checkpoint: .* none of size 4: /),
        expect.stringMatching(/1 found$/),
      ],
    });
    writeFileSync(join(stage.dir, 'no.bundle'), '{}');
    expect(await offline('no.bundle')).toMatchObject({ code: 2 });
    await stage.up();
  });

  it('says what to do where the sink has no file yet', async () => {
    const { code, err } = await stage.weir('verify', '--key', 'proof/keys', '--against', 'outside/nothing');
    expect([code, err.join('\n')]).toEqual([
      2,
      expect.stringMatching(/there is no such file\n.*the first checkpoint makes it/),
    ]);
  });

  it('leaves out what no checkpoint covers, says so, and verifies for what it holds', async () => {
    await stage.append(aSession('ses_open', { ended: false }));
    expect(await stage.weir('export', '--session', 'ses_open')).toMatchObject({ code: 1 });
    expect(existsSync(join(stage.dir, 'ses_open.bundle'))).toBe(false);
    await stage.cover();
    await stage.append(aSession('ses_open').slice(1, 3));
    const exported = await stage.weir('export', '--session', 'ses_open', '--out', 'b');
    expect(exported).toMatchObject({ code: 0, err: [] });
    expect(exported.out).toEqual([
      'wrote b',
      'left out: 2 events that no checkpoint covers yet',
      'the bundle does not hold the end of the session: export it again for that',
      '1 sessions, 9 events, 0 control events: nothing found',
    ]);
    expect(await stage.weir('verify', '--offline', 'b')).toEqual({
      code: 0,
      out: [
        'keys: those that the bundle names; pin them with --key',
        'the session goes on: that these are all of its events is not proven',
        expect.stringMatching(/^unanchored: .* was held against no sink's copy$/),
        '1 sessions, 9 events, 0 control events: nothing found',
      ],
      err: [],
    });
    expect(await stage.weir('export', '--session', 'ses_none')).toMatchObject({ code: 4 });
    expect(existsSync(join(stage.dir, 'ses_none.bundle'))).toBe(false);
    expect(await stage.weir('export', '--session', '../x')).toMatchObject({ code: 2 });
  });

  it('is not believed where it is invented, as a whole or after what is proven', async () => {
    await record('ses_1');
    await stage.append(aSession('ses_2', { ended: false }));
    await stage.cover();
    const verified = async (bundle: unknown) => {
      writeFileSync(join(stage.dir, 'forged'), JSON.stringify(bundle));
      const { code, out } = await stage.weir('verify', '--offline', 'forged', ...anchored);
      return [code, ...out.slice(0, -1)];
    };
    const invented = chained(aSession('ses_9'), genesis);
    const air = { format: 'weir-session-bundle/1', session: 'ses_9', events: invented, keys: [], trees: [] };
    const noTree = 'the bundle has no tree in which the session stands';
    expect(await verified(air)).toContain(`unproven: 10 events of session ses_9: ${noTree}`);
    expect(await verified({ ...air, events: [] })).toContain(
      `unproven: 0 events of session ses_9: ${noTree}`,
    );
    const extended = async (session: string) => {
      await stage.weir('export', '--session', session, '--out', 'real');
      const real = JSON.parse(text('real')) as { events: string[] };
      expect((await verified(real))[0]).toBe(0);
      const last = decodeEnvelope(Buffer.from(real.events.at(-1)!, 'base64')).link!;
      const more = chained(aSession(session).slice(8), { seq: Number(last.seq), hash: last.hash });
      return verified({ ...real, events: [...real.events, ...more] });
    };
    expect((await extended('ses_2')).slice(0, 2)).toEqual([
      1,
      'unproven: 2 events of session ses_2, seq 10 to 11: no checkpoint of the bundle covers them',
    ]);
    expect(await extended('ses_1')).toEqual(
      expect.arrayContaining([
        1,
        'added row: session ses_1 seq 11: the session had ended with seq 10',
        'added row: session ses_1 seq 12: the session had ended with seq 10',
        'unproven: 2 events of session ses_1, seq 11 to 12: no checkpoint of the bundle covers them',
      ]),
    );
  });
});

/** As a bundle has them. */
function chained(events: readonly Envelope[], head: ChainHead): string[] {
  return events.map((event) => {
    head = linkEnvelope(event, head);
    return Buffer.from(encodeEnvelope(event)).toString('base64');
  });
}

/** One character in the middle, which stays base64. */
function flip(encoded: string): string {
  const at = Math.floor(encoded.length / 2);
  return encoded.slice(0, at) + (encoded[at] === 'A' ? 'B' : 'A') + encoded.slice(at + 1);
}
