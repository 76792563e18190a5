import { beforeEach, describe, expect, it } from 'vitest';
import {
  encodeEnvelope,
  newEvent,
  PageSessionEndedSchema,
  PageSessionRefreshedSchema,
  PageSessionStartedSchema,
  SignInRefusedSchema,
  topics,
  type Envelope,
} from '#events';
import { ManualClock, type Principal } from '#kernel';
import { ana, bo, minute, person } from './approval.specimen.js';
import { mayDecide } from './approval.eligibility.js';
import { requested } from './approval.specimen.js';
import { evolveApproval } from './approval.evolve.js';
import { fromLoggedIdentity } from './identity.events.js';
import { KnownGroups } from './known-groups.js';
import { PageSessionBook } from './page-session.book.js';
import { toWirePrincipal } from './principal.js';

const clock = new ManualClock();
const longAgo = 0;
let book: PageSessionBook;
let known: KnownGroups;
let count = 0;
beforeEach(() => {
  book = new PageSessionBook();
  known = new KnownGroups(book);
});

function put(envelope: Envelope): void {
  clock.advance(1);
  const position = { topic: topics.identity, partition: 0, offset: count++ };
  const raw = encodeEnvelope(envelope);
  const event = fromLoggedIdentity({ position, appendedAt: clock.now(), envelope, raw });
  if (event) book.apply(event);
}
const origin = ({ id }: Principal) => ({ source: 'spec', subject: id, clock });

function startOf(by: Principal, id = `pgs_${++count}`): Envelope {
  const init = {
    pageSessionId: id,
    secretHash: Buffer.from(id.padEnd(32, ' ')),
    principal: toWirePrincipal(by),
    ...{ provider: 'corp', kind: 'oidc', idleUs: BigInt(10 * minute * 1000) },
    endsAtUs: BigInt(clock.now() + 60 * minute) * 1000n,
  };
  return newEvent(PageSessionStartedSchema, init, origin(by));
}
const start = (by: Principal, id?: string) => put(startOf(by, id));
const refresh = (by: Principal, pageSessionId: string) =>
  put(newEvent(PageSessionRefreshedSchema, { pageSessionId, principal: toWirePrincipal(by) }, origin(by)));
const end = (by: Principal, pageSessionId: string, reason = 'signed out') =>
  put(newEvent(PageSessionEndedSchema, { pageSessionId, reason }, origin(by)));
const groupsOf = (id: string) => known.since(id, longAgo)?.groups;

describe('the groups that are known of a person', () => {
  it('are those of the newest event, and nobody else’s', () => {
    start(person('bo', ['dba', 'sales']), 'pgs_a');
    expect(groupsOf(bo.id)).toEqual(['dba', 'sales']);
    refresh(person('bo', ['sales']), 'pgs_a');
    expect(groupsOf(bo.id)).toEqual(['sales']);
    refresh(person('bo', []), 'pgs_a');
    expect(groupsOf(bo.id)).toEqual([]);
    start(bo);
    expect(groupsOf(bo.id)).toEqual(['dba']);
    expect(groupsOf(ana.id)).toBeUndefined();
  });

  it('are not told by a session that has ended, or that nobody used for too long', () => {
    start(person('bo', ['sales']), 'pgs_a');
    end(bo, 'pgs_a');
    refresh(bo, 'pgs_a');
    expect(groupsOf(bo.id)).toEqual(['sales']);
    start(person('bo', ['sales']), 'pgs_b');
    clock.advance(11 * minute);
    refresh(bo, 'pgs_b');
    refresh(bo, 'pgs_of_nobody');
    expect(groupsOf(bo.id)).toEqual(['sales']);
    start(person('bo', ['sales']), 'pgs_c');
    refresh(bo, 'pgs_c');
    expect(groupsOf(bo.id)).toEqual(['dba']);
  });

  it('make an agent of one who is an agent by now, and a person of nobody', () => {
    start({ ...bo, kind: 'agent' });
    const narrowed = known.narrowed(bo, longAgo);
    expect(narrowed).toEqual({ ...bo, kind: 'agent' });
    const request = evolveApproval({ status: 'none' }, requested());
    if (request.status === 'none') throw new Error('not opened');
    expect([mayDecide(request.request, bo), mayDecide(request.request, narrowed)]).toEqual([true, false]);
    start(ana);
    expect(known.narrowed({ ...ana, kind: 'agent' }, longAgo).kind).toBe('agent');
  });

  it('narrow what an older credential says and add nothing to it', () => {
    const max = person('max', ['dba', 'security']);
    expect(known.narrowed(max, longAgo)).toBe(max);
    start(person('max', ['security', 'admins']));
    expect(known.narrowed(max, clock.now() - 1)).toEqual({ ...max, groups: ['security'] });
    expect(known.narrowed(max, clock.now())).toEqual({ ...max, groups: ['security'] });
  });

  it('say nothing of what a newer credential says', () => {
    const max = person('max', ['dba', 'security']);
    start(person('max', []));
    expect(known.narrowed(max, clock.now() + 1)).toBe(max);
    expect(known.since(max.id, clock.now() + 1)).toBeUndefined();
  });

  it('come from page sessions, not from what else is in the topic or does not decode', () => {
    const refused = { code: 'refused', through: 'pages' };
    put(newEvent(SignInRefusedSchema, refused, origin(bo)));
    put({ ...startOf(bo), data: Uint8Array.of(0xff, 0xff) });
    expect(groupsOf(bo.id)).toBeUndefined();
  });

  it('are bounded: who was heard of longest ago is forgotten first', () => {
    known = new KnownGroups(book, 2);
    for (const name of ['a', 'b', 'a', 'c']) start(person(name));
    expect(['a', 'b', 'c'].map((name) => groupsOf(`corp:${name}`) !== undefined)).toEqual([
      true,
      false,
      true,
    ]);
  });
});
