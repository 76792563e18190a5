import { beforeEach, describe, expect, it } from 'vitest';
import {
  newEvent,
  PageSessionEndedSchema,
  PageSessionRefreshedSchema,
  PageSessionSeenSchema,
  PageSessionStartedSchema,
  topics,
  type Envelope,
} from '#events';
import type { LoggedEvent } from '#event-log';
import { ManualClock, type Principal } from '#kernel';
import { fromLoggedIdentity } from './identity.events.js';
import { PageSessionBook } from './page-session.book.js';
import { pageSessionOver, principalAt } from './page-session.js';
import { toWirePrincipal } from './principal.js';

const ann: Principal = { id: 'corp:ann', issuer: 'corp', subject: 'ann', kind: 'person', groups: ['dba'] };
const minute = 60_000;

let book: PageSessionBook;
let clock: ManualClock;
let offset: number;
beforeEach(() => {
  [book, clock, offset] = [new PageSessionBook(), new ManualClock(), 0];
});

const origin = () => ({ source: 'identity/test', subject: 'corp:ann', clock });
const put = (envelope: Envelope) => {
  const position = { topic: topics.identity, partition: 0, offset: offset++ };
  const event: LoggedEvent = { position, appendedAt: clock.now(), envelope, raw: new Uint8Array() };
  const read = fromLoggedIdentity(event);
  if (read) book.apply(read);
};
const us = (ms: number) => BigInt(ms) * 1000n;
const start = (change: { id?: string; secret?: number; principal?: Principal; groupsFor?: number } = {}) =>
  put(
    newEvent(
      PageSessionStartedSchema,
      {
        pageSessionId: change.id ?? 'pgs_1',
        secretHash: Buffer.from(hash(change.secret ?? 1), 'hex'),
        principal: toWirePrincipal(change.principal ?? ann),
        ...{ provider: 'corp', kind: 'oidc' },
        endsAtUs: us(clock.now() + 60 * minute),
        idleUs: us(10 * minute),
        groupsUs: us(change.groupsFor ?? 0),
      },
      origin(),
    ),
  );
const seen = () => put(newEvent(PageSessionSeenSchema, { pageSessionId: 'pgs_1' }, origin()));
const end = (reason = 'signed out') =>
  put(newEvent(PageSessionEndedSchema, { pageSessionId: 'pgs_1', reason }, origin()));
const refresh = (principal: Principal) =>
  put(
    newEvent(
      PageSessionRefreshedSchema,
      { pageSessionId: 'pgs_1', principal: toWirePrincipal(principal) },
      origin(),
    ),
  );
const over = () => pageSessionOver(book.get('pgs_1')!, clock.now());
const groups = () => principalAt(book.get('pgs_1')!, clock.now()).groups;
const hash = (secret: number) => secret.toString(16).padStart(64, '0');

describe('a page session', () => {
  it('is found by the digest of its secret', () => {
    start();
    expect(book.bySecretHash(hash(1))?.principal).toEqual(ann);
    expect(book.bySecretHash(hash(2))).toBeUndefined();
  });

  it('ends when nobody uses it, and no later use brings it back', () => {
    start();
    clock.advance(9 * minute);
    seen();
    clock.advance(9 * minute);
    expect(over()).toBeUndefined();
    clock.advance(minute);
    expect(over()).toBe('idle');
    seen();
    refresh(ann);
    expect(over()).toBe('idle');
  });

  it('is over at its time, however busy', () => {
    start();
    for (let i = 0; i < 12; i++) {
      clock.advance(5 * minute);
      seen();
    }
    expect(over()).toBe('over');
  });

  it('that ended stays ended, also where its start is told again', () => {
    start();
    end();
    start();
    seen();
    refresh(ann);
    expect(over()).toBe('signed out');
  });

  it.each(['idle', 'over'])('is not over because somebody whose clock is ahead says "%s"', (reason) => {
    start();
    clock.advance(9 * minute);
    end(reason);
    expect(over()).toBeUndefined();
    seen();
    clock.advance(9 * minute);
    end(reason); // by one who had not read of that use
    expect(over()).toBeUndefined();
    clock.advance(minute);
    end(reason);
    expect(book.get('pgs_1')?.ended).toBe(reason);
  });

  it("keeps its secret: another's start with the same one changes nothing", () => {
    start();
    start({ id: 'pgs_2', principal: { ...ann, id: 'corp:eve', subject: 'eve' } });
    expect(book.bySecretHash(hash(1))?.principal.id).toBe('corp:ann');
    expect(book.get('pgs_2')).toBeUndefined();
  });

  it('is of one person: a refresh that names another is not taken', () => {
    start();
    refresh({ ...ann, id: 'corp:eve', subject: 'eve', groups: ['root'] });
    expect(groups()).toEqual(['dba']);
  });

  it.each<[string, number, number]>([
    ['of a provider that is not asked again count to the end', 0, 1],
    ['that were not read again for too long count no more', 5 * minute, 0],
  ])('groups %s', (_, groupsFor, left) => {
    start({ groupsFor });
    clock.advance(5 * minute - 1);
    expect(groups()).toEqual(['dba']);
    clock.advance(1);
    expect(groups()).toHaveLength(left);
    refresh({ ...ann, groups: ['ops'] });
    expect(groups()).toEqual(['ops']);
  });

  it('goes on, whatever becomes of one who is told', () => {
    book.onEveryChange(() => {
      throw new Error('no');
    });
    const told: boolean[] = [];
    book.onEveryChange((after, before) => told.push(after.principal === before?.principal));
    start();
    seen();
    refresh(ann);
    expect(told).toEqual([false, true, false]);
  });

  it('tells of each change, and is forgotten once it is long over', () => {
    const told: (string | undefined)[] = [];
    const stop = book.onEveryChange(({ ended }) => told.push(ended));
    start();
    end();
    stop();
    expect(told).toEqual([undefined, 'signed out']);
    clock.advance(61 * minute);
    for (let i = 2; i < 1_100; i++) start({ id: `pgs_${i}`, secret: i });
    expect(book.bySecretHash(hash(1))).toBeUndefined();
    expect(book.bySecretHash(hash(2))?.id).toBe('pgs_2');
  });
});
