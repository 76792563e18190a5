import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  payload,
  SessionEndedSchema,
  StatementOutcomeSchema,
  StatementReceivedSchema,
  verifyChain,
} from '#events';
import type { Envelope } from '#events';
import { openEmbeddedLog } from '#event-log';
import { systemClock } from '#kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openJournal, startShipper } from '../../services/proxy/journal/index.js';
import { compileChild } from '../support/log-writer.build.js';
import { asRead, sessionEvents } from '../support/log-writer.read.js';
import { rounds } from '../support/rounds.js';
import { TalkingChild } from '../support/log-writer.spawn.js';

const kills = rounds(6, 20);
const segmentBytes = 16 * 1024; // many rotations and deletions are in the way of the kill

describe('a proxy killed by SIGKILL', () => {
  let child: ReturnType<typeof compileChild>;
  let root: string;
  beforeAll(() => {
    child = compileChild('test/support/log-writer.journal.ts');
    root = mkdtempSync(join(tmpdir(), 'weir-crash-'));
  });
  afterAll(() => {
    rmSync(child.directory, { recursive: true, force: true });
    rmSync(root, { recursive: true, force: true });
  });

  it(`has every committed event in the log exactly once as read, ${kills} times`, async () => {
    const dir = join(root, 'journal');
    const logPath = join(root, 'log');
    const told = new Map<string, string[]>();
    for (let round = 1; round <= kills; round++) {
      const sessionId = `ses_${round}`;
      const proxy = new TalkingChild(child.path, [dir, sessionId, String(segmentBytes), logPath]);
      await proxy.said(1);
      await pause(Math.random() * 60);
      await proxy.kill();
      told.set(sessionId, [...proxy.lines]);
    }

    const journal = await openJournal({
      ...{
        dir,
        mode: 'write-ahead',
        maxBytes: 2 ** 28,
        segmentBytes,
        clock: systemClock,
        source: 'proxy/next',
      },
    });
    const log = openEmbeddedLog({ path: logPath });
    const shipper = startShipper(journal, log);
    await shipper.drained();
    const sessions = asRead(await sessionEvents(log));
    await shipper.stop();
    await journal.close();
    await log.close();

    expect([...sessions.keys()].sort()).toEqual([...told.keys()].sort());
    for (const [sessionId, events] of sessions) {
      expect(verifyChain(events)).toMatchObject({ ok: true, head: { seq: events.length } });
      expect(payload(SessionEndedSchema, events.at(-1)!)?.reason).toBe('lost');
      expectToldIs(events, told.get(sessionId)!);
    }
  }, 120_000);

  function expectToldIs(events: readonly Envelope[], lines: readonly string[]): void {
    const received = events
      .map((event) => payload(StatementReceivedSchema, event)?.statementId ?? '')
      .filter(Boolean);
    const outcomes = events
      .map((event) => payload(StatementOutcomeSchema, event))
      .filter((o) => o !== undefined);
    const statusOf = new Map(outcomes.map(({ statementId, status }) => [statementId, status]));
    expect(outcomes).toHaveLength(received.length); // each has one outcome, and only one
    expect(outcomes.map(({ statementId }) => statementId)).toEqual(received);
    for (const line of lines) {
      const [what, statementId = ''] = line.split(' ');
      const status = statusOf.get(statementId);
      expect(what === 'received' ? ['ok', 'unknown'] : ['ok']).toContain(status);
    }
    const unknown = outcomes.filter(({ status }) => status === 'unknown');
    expect(unknown.length).toBeLessThanOrEqual(1);
  }
});
