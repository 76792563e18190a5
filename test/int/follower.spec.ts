import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Follower } from '#domain';
import { openEmbeddedLog } from '#event-log';
import { encodeEnvelope, newEvent, PageSessionSeenSchema, topics } from '#events';
import { systemClock } from '#kernel';

const dir = mkdtempSync(join(tmpdir(), 'weir-follower-'));
const log = openEmbeddedLog({ path: dir });
afterAll(async () => {
  await log.close();
  rmSync(dir, { recursive: true });
});

it('passes over what its fold cannot read, and folds what stands behind it', async () => {
  const folded: string[] = [];
  const fold = {
    apply: ({ envelope }: { envelope: { id: string } }) => void folded.push(envelope.id),
  };
  const origin = { source: 'test', subject: 'corp:ana', clock: systemClock };
  const [first, second] = [1, 2].map(() => newEvent(PageSessionSeenSchema, { pageSessionId: 'pgs' }, origin));
  await log.append(topics.identity, [encodeEnvelope(first!)]);
  await log.append(topics.identity, [Buffer.from('no envelope at all')]);
  const follower = new Follower(log, topics.identity, fold);
  expect(await follower.append(second!)).toMatchObject({ folded: true });
  expect(folded).toEqual([first!.id, second!.id]);
  await follower.stop();
});
