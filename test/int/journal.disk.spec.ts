import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SessionEndedSchema, StatementOutcomeSchema, StatementReceivedSchema, verifyChain } from '#events';
import { openEmbeddedLog } from '#event-log';
import { systemClock } from '#kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  openJournal,
  startShipper,
  type FileJournal,
  type JournalOptions,
} from '../../services/proxy/journal/index.js';
import { asRead, journalEvents, sessionEvents } from '../support/log-writer.read.js';

const full = expect.objectContaining({ code: 'JOURNAL_FULL' });
const modes = ['write-ahead', 'strict'] as const;

let root: string;
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'weir-disk-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

function journalAt(dir: string, options: Partial<JournalOptions> = {}): Promise<FileJournal> {
  return openJournal({
    ...{ dir, mode: 'write-ahead', maxBytes: 64 * 1024 * 1024, clock: systemClock, source: 'proxy/test' },
    report: () => undefined,
    ...options,
  });
}

/** A file system of this many bytes; undefined where this user may mount none. */
function smallDisk(bytes: number): { readonly dir: string; release(): void } | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'weir-tmpfs-'));
  const release = () => {
    execFileSync('umount', ['-l', dir], { stdio: 'ignore' });
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'none', dir], { stdio: 'ignore' });
    return { dir, release };
  } catch {
    rmSync(dir, { recursive: true, force: true });
    return undefined;
  }
}

const canMount = (() => {
  const disk = smallDisk(64 * 1024);
  disk?.release();
  return disk !== undefined;
})();

describe('a journal on a disk that fails (invariant 10)', () => {
  // Mounting one takes a right that CI's user has.
  it.skipIf(!canMount).each(modes)(
    'refuses what a full disk has no room for and loses no rest, %s',
    async (mode) => {
      const disk = smallDisk(1024 * 1024)!;
      try {
        const dir = join(disk.dir, 'journal');
        const journal = await journalAt(dir, { mode });
        const session = journal.openSession('ses_1');
        const other = join(disk.dir, 'someone-elses');
        writeFileSync(other, Buffer.alloc(512 * 1024));
        let taken = 0;
        const fill = async () => {
          for (;;) {
            journal.admit();
            session.add(StatementReceivedSchema, { statementId: `sta_${++taken}`, text: 'x'.repeat(4000) });
            await journal.commit();
          }
        };
        await expect(fill()).rejects.toThrow(full);
        expect(taken).toBeGreaterThan(50);
        expect(journal.stats().errors.append).toBeGreaterThan(0);
        expect(() => journal.admit()).toThrow('ENOSPC'); // still: each tries again
        rmSync(other);
        journal.admit();
        for (let n = 1; n <= taken; n++)
          session.add(StatementOutcomeSchema, { statementId: `sta_${n}`, status: 'ok' });
        session.add(SessionEndedSchema, { sessionId: 'ses_1', reason: 'terminated' });
        await journal.commit();
        await journal.close();
        const events = journalEvents(dir);
        expect(events).toHaveLength(2 * taken + 1);
        expect(verifyChain(events)).toMatchObject({ ok: true });
      } finally {
        disk.release();
      }
    },
  );

  it('refuses on an input/output error and goes on when the disk does', async () => {
    let failing = false;
    const { writeSync } = await import('node:fs');
    const write: JournalOptions['write'] = (...args) => {
      if (failing) throw Object.assign(new Error('i/o error'), { code: 'EIO' });
      return writeSync(...args);
    };
    const dir = join(root, 'journal');
    const journal = await journalAt(dir, { write });
    const session = journal.openSession('ses_1');
    failing = true;
    session.add(StatementReceivedSchema, { statementId: 'sta_1', text: 'select 1' });
    expect(() => journal.commit()).toThrow('EIO');
    expect(() => journal.admit()).toThrow(full);
    expect(journal.stats().errors).toEqual({ append: 2, sync: 0, setAside: 0 });
    failing = false;
    journal.admit();
    session.add(StatementOutcomeSchema, { statementId: 'sta_1', status: 'ok' });
    await journal.commit();
    await journal.close();
    expect(verifyChain(journalEvents(dir))).toMatchObject({ ok: true, head: { seq: 2 } });
  });

  it('trusts no strict journal whose sync once failed, until it is opened anew', async () => {
    const { fdatasync } = await import('node:fs');
    let failing = false;
    const sync: JournalOptions['sync'] = (fd, done) => {
      if (failing) setImmediate(() => done(Object.assign(new Error('i/o error'), { code: 'EIO' })));
      else fdatasync(fd, done);
    };
    const dir = join(root, 'journal');
    const journal = await journalAt(dir, { mode: 'strict', sync });
    const session = journal.openSession('ses_1');
    session.add(StatementReceivedSchema, { statementId: 'sta_1', text: 'select 1' });
    await journal.commit();
    failing = true;
    session.add(StatementOutcomeSchema, { statementId: 'sta_1', status: 'ok' });
    await expect(journal.commit()).rejects.toThrow(full);
    failing = false; // the kernel may have dropped the pages: a later success proves nothing
    expect(() => journal.admit()).toThrow(full);
    expect(journal.stats().errors).toEqual({ append: 0, sync: 1, setAside: 0 });
    await journal.close().catch(() => undefined);

    const next = await journalAt(dir, { mode: 'strict' });
    next.admit();
    const log = openEmbeddedLog({ path: join(root, 'log') });
    const shipper = startShipper(next, log, { lingerMs: 1, report: () => undefined });
    await shipper.drained();
    const events = await sessionEvents(log);
    expect(verifyChain(asRead(events).get('ses_1')!)).toMatchObject({ ok: true });
    await shipper.stop();
    await next.close();
    await log.close();
    expect(events.at(-1)?.type).toContain('SessionEnded');
  });

  it.each(modes)(
    'rotates, is torn in its last record and ships its backlog on a restart, %s',
    async (mode) => {
      const dir = join(root, 'journal');
      const first = await journalAt(dir, { mode, segmentBytes: 8 * 1024 });
      const session = first.openSession('ses_1');
      for (let n = 1; n <= 60; n++) {
        session.add(StatementReceivedSchema, { statementId: `sta_${n}`, text: 'x'.repeat(200) });
        await first.commit();
      }
      expect(first.stats().segments).toBeGreaterThan(1);
      await first.close();
      const { readdirSync, truncateSync } = await import('node:fs');
      const newest = readdirSync(dir)
        .filter((name) => name.endsWith('.journal'))
        .sort()
        .at(-1)!;
      truncateSync(join(dir, newest), statSync(join(dir, newest)).size - 3);

      const reports: string[] = [];
      const second = await journalAt(dir, { mode, report: (message) => void reports.push(message) });
      expect(reports.join()).toContain('unfinished write');
      const log = openEmbeddedLog({ path: join(root, 'log') });
      const shipper = startShipper(second, log, { lingerMs: 1, report: () => undefined });
      await shipper.drained();
      const events = await sessionEvents(log);
      // The torn one was never forwarded in strict; 59 others have their outcome `unknown`, and the session its end.
      expect(events).toHaveLength(59 + 59 + 1);
      expect(verifyChain(events)).toMatchObject({ ok: true });
      await shipper.stop();
      await second.close();
      await log.close();
    },
  );
});
