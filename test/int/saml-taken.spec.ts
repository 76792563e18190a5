import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedLog, type EventLog } from '#event-log';
import { ManualClock } from '#kernel';
import { IdentityLog, Readiness } from '#platform';
import { TakenAssertions } from '../../services/identity/saml/taken-assertions.js';

const minute = 60_000;
let dir: string;
let time: ManualClock;
let log: EventLog;
let open: IdentityLog[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'weir-taken-'));
  time = new ManualClock();
  log = openEmbeddedLog({ path: join(dir, 'log'), clock: time });
  open = [];
});
afterEach(async () => {
  for (const each of open) await each.onModuleDestroy();
  await log.close();
  rmSync(dir, { recursive: true });
});

/** A process, whose own clock may differ from that of whoever writes the log. */
async function process(ahead = 0): Promise<TakenAssertions> {
  const identity = new IdentityLog(log, new Readiness());
  const taken = new TakenAssertions(identity, new ManualClock(time.now() + ahead), 'spec');
  open.push(identity);
  await identity.onModuleInit();
  return taken;
}

const assertion = (assertionId: string, provider = 'corp') => ({
  ...{ provider, assertionId, inResponseTo: '_q', nameId: 'ann', nameIdFormat: '', groups: [] },
  usableUntil: new ManualClock().now() + 10 * minute,
});
const outcome = (taken: TakenAssertions, id: string, provider?: string) =>
  taken.take(assertion(id, provider)).then(
    () => 'taken',
    (error: Error) => error.message,
  );
const refused = 'this assertion was taken before, or grew too old on the way';

describe('which assertions were taken, the log says', () => {
  it('each once, of each provider', async () => {
    const taken = await process();
    expect(await outcome(taken, 'a')).toBe('taken');
    expect(await outcome(taken, 'b')).toBe('taken');
    expect(await outcome(taken, 'a', 'other')).toBe('taken');
    expect(await outcome(taken, 'a')).toBe(refused);
  });

  it.each([11 * minute, -11 * minute])('also to a process whose clock differs by %d ms', async (ahead) => {
    const [one, other] = [await process(), await process(ahead)];
    expect(await outcome(one, 'a')).toBe('taken');
    expect(await outcome(other, 'a')).toBe(refused);
    expect(await outcome(other, 'b')).toBe('taken');
    expect(await outcome(one, 'b')).toBe(refused);
    expect(await outcome(await process(ahead), 'b')).toBe(refused);
  });

  it('and one that was verified in its last moment, and reached the log after, is not forgotten and taken anew', async () => {
    const taken = await process();
    expect(await outcome(taken, 'a')).toBe('taken');
    time.advance(10 * minute - 1);
    expect(await outcome(taken, 'b')).toBe('taken');
    time.advance(1);
    expect(await outcome(taken, 'a')).toBe(refused);
    expect(await outcome(taken, 'c')).toBe(refused);
  });
});
