import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { afterAll, expect, it, vi } from 'vitest';
import { Follower } from '#domain';
import { openEmbeddedLog } from '#event-log';
import { encodeEnvelope, newEvent, PageSessionSeenSchema, topics } from '#events';
import { systemClock } from '#kernel';
import { IdentityLog, Readiness } from '#platform';

const dir = mkdtempSync(join(tmpdir(), 'weir-follower-'));
const log = openEmbeddedLog({ path: dir });
afterAll(async () => {
  await log.close();
  rmSync(dir, { recursive: true });
});

it('passes over what its fold cannot read, and folds what stands behind it', async () => {
  const folded: string[] = [];
  const told: string[] = [];
  const fold = {
    apply: ({ envelope }: { envelope: { id: string } }) => void folded.push(envelope.id),
  };
  const origin = { source: 'test', subject: 'corp:ana', clock: systemClock };
  const [first, second] = [1, 2].map(() => newEvent(PageSessionSeenSchema, { pageSessionId: 'pgs' }, origin));
  await log.append(topics.identity, [encodeEnvelope(first!)]);
  await log.append(topics.identity, [Buffer.from('no envelope at all')]);
  const follower = new Follower(log, topics.identity, fold, (line) => void told.push(line));
  expect(await follower.append(second!)).toMatchObject({ folded: true });
  expect(folded).toEqual([first!.id, second!.id]);
  expect(told).toEqual([
    expect.stringMatching(/^weir\.identity\.v1\/\d+\/\d+ is passed over by the fold: \w+/),
  ]);
  await follower.stop();
});

it('gives an event to every fold, whatever one of them throws, and says which did, without what it held', async () => {
  class Trouble {
    apply(): never {
      throw new TypeError('corp:ana is unknown');
    }
  }
  const lines: string[] = [];
  const error = vi
    .spyOn(Logger.prototype, 'error')
    .mockImplementation((line: string) => void lines.push(line));
  const identity = new IdentityLog(log, new Readiness());
  const heard: string[] = [];
  identity.fold(new Trouble());
  identity.fold({ apply: ({ type }) => void heard.push(type) });
  await identity.onModuleInit();
  [heard.length, lines.length] = [0, 0];
  const origin = { source: 'test', subject: 'corp:ana', clock: systemClock };
  await identity.append(newEvent(PageSessionSeenSchema, { pageSessionId: 'pgs' }, origin));
  await identity.onModuleDestroy();
  error.mockRestore();
  expect(heard).toEqual(['PageSessionSeen']);
  expect(lines).toEqual([
    expect.stringMatching(
      /is passed over by the fold Trouble: TypeError at Trouble\.apply \(.*follower\.spec\.ts/,
    ),
  ]);
  expect(lines.join()).not.toContain('corp:ana');
});
