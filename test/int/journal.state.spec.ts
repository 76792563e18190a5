import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StatementReceivedSchema } from '#events';
import { openEmbeddedLog } from '#event-log';
import { ManualClock } from '#kernel';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  journalFolder,
  openJournal,
  readJournals,
  startShipper,
  type FileJournal,
} from '../../services/proxy/journal/index.js';

const clock = new ManualClock();
let root: string;
let opened: { close(): Promise<void> }[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-journals-'));
  opened = [];
});
afterEach(async () => {
  for (const thing of opened.reverse()) await thing.close();
  rmSync(root, { recursive: true, force: true });
});

async function journalOf(index: number, segmentBytes = 4096): Promise<FileJournal> {
  const dir = journalFolder(root, index);
  const about = { maxBytes: 1024 * 1024, clock, source: 'proxy/test', segmentBytes };
  const journal = await openJournal({ dir, mode: 'write-ahead', report: () => undefined, ...about });
  opened.push(journal);
  return journal;
}

function record(journal: FileJournal, count: number): void {
  const session = journal.openSession(`ses_${opened.length}`);
  for (let n = 1; n <= count; n++) {
    session.add(StatementReceivedSchema, { statementId: `sta_${n}`, text: 'x'.repeat(100) });
    void journal.commit();
  }
}

it('tells of each folder what its owner would: bytes, segments, what is not shipped and since when', async () => {
  const begun = clock.now();
  const [first, third] = [await journalOf(0), await journalOf(2)];
  record(first, 100);
  clock.advance(60_000);
  record(third, 1);
  writeFileSync(join(root, 'journal.2.txt'), 'no journal');
  const [one, three, ...others] = await readJournals(root);
  expect(others).toEqual([]);
  for (const [state, journal, name, at] of [
    [one, first, 'journal', begun],
    [three, third, 'journal.3', begun + 60_000],
  ] as const) {
    const { bytes, segments, unshipped } = journal.stats();
    expect(state).toEqual({
      ...{ name, bytes, segments, unshippedBytes: unshipped, oldestUnshippedAt: at, damaged: [] },
      owner: { state: 'alive', pid: process.pid, host: expect.any(String) as unknown },
    });
  }
});

it('shows nothing to ship once the log has all, and what was set aside', async () => {
  const journal = await journalOf(0);
  record(journal, 100);
  const dir = join(root, 'journal');
  const second = join(
    dir,
    readdirSync(dir)
      .filter((name) => name.endsWith('.journal'))
      .sort()[1]!,
  );
  const bytes = readFileSync(second);
  bytes[bytes.length - 20]! ^= 0xff;
  writeFileSync(second, bytes);
  const log = openEmbeddedLog({ path: join(root, 'log') });
  opened.push(log);
  const shipper = startShipper(journal, log, { lingerMs: 1, report: () => undefined });
  await shipper.drained();
  await shipper.stop();
  const [state] = await readJournals(root);
  expect(state).toMatchObject({ unshippedBytes: 0, oldestUnshippedAt: undefined });
  expect(state!.damaged).toEqual([{ file: `${second.slice(dir.length + 1)}.damaged`, bytes: bytes.length }]);
});

it('tells whose owner died, and who gave it up', async () => {
  const journal = await journalOf(0);
  record(journal, 1);
  await journal.close();
  expect((await readJournals(root))[0]!.owner).toEqual({ state: 'none' });
  const host = (await import('node:os')).hostname();
  writeFileSync(
    join(root, 'journal', 'owner'),
    JSON.stringify({ token: 't', pid: 0x7ffffff0, host, born: '1' }),
  );
  expect((await readJournals(root))[0]).toMatchObject({
    owner: { state: 'gone', pid: 0x7ffffff0 },
    oldestUnshippedAt: clock.now(),
  });
});

it('reads of a damaged journal what it can, and of no journal nothing', async () => {
  expect(await readJournals(join(root, 'nowhere'))).toEqual([]);
  const journal = await journalOf(0);
  record(journal, 3);
  await journal.close();
  const dir = join(root, 'journal');
  const file = join(
    dir,
    readdirSync(dir).find((name) => name.endsWith('.journal'))!,
  );
  const bytes = readFileSync(file);
  bytes.writeUInt32BE(0xfffffff0, 0); // a length of 4 GiB
  writeFileSync(file, bytes);
  expect((await readJournals(root))[0]).toMatchObject({
    unshippedBytes: bytes.length,
    oldestUnshippedAt: undefined,
  });
});
