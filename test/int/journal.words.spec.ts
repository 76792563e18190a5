import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { StatementReceivedSchema } from '#events';
import { ManualClock } from '#kernel';
import { parseConfig } from '#platform';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { JournalController } from '../../services/proxy/journal.controller.js';
import { JournalWords } from '../../services/proxy/journal.words.js';
import { journalFolder, openJournal } from '../../services/proxy/journal/index.js';

let clock: ManualClock;
let root: string;
let shared: string;
let begun: JournalWords[];
beforeEach(() => {
  clock = new ManualClock();
  root = mkdtempSync(join(tmpdir(), 'weir-words-'));
  shared = join(root, 'shared');
  begun = [];
});
afterEach(async () => {
  for (const words of begun) await words.onApplicationShutdown();
  rmSync(root, { recursive: true, force: true });
});

async function proxy(name: string) {
  const dataDir = join(root, name);
  mkdirSync(dataDir, { recursive: true });
  const config = parseConfig('', '/etc/weir.yaml', dataDir, { sharedDir: shared });
  const words = new JournalWords(config, clock);
  await words.onModuleInit();
  await words.onApplicationBootstrap();
  begun.push(words);
  const controller = new JournalController(config, clock, words);
  const again = async () => {
    await words.tell();
    return controller.read();
  };
  return { dataDir, words, controller, again };
}

/** A journal that holds an event which nothing ships. */
async function record(dataDir: string): Promise<void> {
  const about = { maxBytes: 1024 * 1024, clock, source: 'proxy/test', report: () => undefined };
  const journal = await openJournal({ dir: journalFolder(dataDir, 0), mode: 'write-ahead', ...about });
  journal.openSession('ses_1').add(StatementReceivedSchema, { statementId: 'sta_1', text: 'select 1' });
  await journal.commit();
  await journal.close();
}

const wordFiles = () => readdirSync(join(shared, 'journals'));

it('either proxy tells of the journals of both, by name; its own as they are, the other as it said last', async () => {
  const [one, two] = [await proxy('one'), await proxy('two')];
  await record(two.dataDir);
  await two.again();
  clock.advance(5_000);
  const seen = await one.controller.read();
  expect(seen.proxies).toEqual([
    { name: expect.stringMatching(`^${hostname()}-[0-9a-f]{8}$`) as string, state: 'live', age: 0 },
    { name: expect.stringMatching(`^${hostname()}-[0-9a-f]{8}$`) as string, state: 'heard', age: 5 },
  ]);
  expect(seen.journals).toEqual([
    expect.objectContaining({ proxy: seen.proxies[1]!.name, name: 'journal', oldestUnshippedAge: 5 }),
  ]);
  expect(seen.journals[0]!.unshippedBytes).toBeGreaterThan(0);
  expect((await two.controller.read()).proxies.map(({ state }) => state)).toEqual(['live', 'heard']);
});

it('is silent after 30 s, or by a clock that is far ahead, or where its word is torn', async () => {
  const [one, two] = [await proxy('one'), await proxy('two')];
  const states = async () => (await one.controller.read()).proxies.map(({ state }) => state);
  await two.again();
  clock.advance(30_000);
  expect(await states()).toEqual(['live', 'heard']);
  clock.advance(1);
  expect(await states()).toEqual(['live', 'silent']);
  await two.again();
  clock.advance(-40_000);
  expect(await states()).toEqual(['live', 'silent']);
  writeFileSync(join(shared, 'journals', 'ffffffff.json'), '{"proxy":');
  expect(await states()).toEqual(['live', 'silent', 'silent']);
});

it('drops one that stopped with nothing left, keeps the word of one that left something', async () => {
  const [one, two] = [await proxy('one'), await proxy('two')];
  expect(wordFiles()).toHaveLength(2);
  await two.words.onApplicationShutdown();
  expect((await one.controller.read()).proxies).toHaveLength(1);
  await record(two.dataDir);
  await two.again();
  await two.words.onApplicationShutdown();
  clock.advance(3_600_000);
  const seen = await one.controller.read();
  expect(seen.proxies[1]).toMatchObject({ state: 'stopped', age: 3600 });
  expect(seen.journals[0]).toMatchObject({ proxy: seen.proxies[1]!.name, oldestUnshippedAge: 3600 });
});

it('one that comes back on its state directory is the same one, wherever that is by now', async () => {
  const [one, two] = [await proxy('one'), await proxy('two')];
  await two.words.onApplicationShutdown();
  renameSync(two.dataDir, join(root, 'moved'));
  await (await proxy('moved')).again();
  expect((await one.controller.read()).proxies).toHaveLength(2);
  expect(wordFiles()).toHaveLength(2);
});

it('a shared folder that is away is an error and not a list of one; it costs the word and not the proxy', async () => {
  const [one, two] = [await proxy('one'), await proxy('two')];
  renameSync(join(shared, 'journals'), join(shared, 'away'));
  writeFileSync(join(shared, 'journals'), 'no folder');
  await two.words.tell();
  await expect(one.controller.read()).rejects.toThrow('what other proxies say cannot be read (ENOTDIR)');
  rmSync(join(shared, 'journals'));
  await expect(one.controller.read()).rejects.toThrow('ENOENT');
  await two.words.tell();
  expect((await one.controller.read()).proxies).toHaveLength(2);
});
