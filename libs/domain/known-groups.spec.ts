import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import {
  encodeEnvelope,
  newEvent,
  PageSessionRefreshedSchema,
  PageSessionStartedSchema,
  SignInRefusedSchema,
  topics,
  type Envelope,
} from '#events';
import { ManualClock, type Principal } from '#kernel';
import { ana, bo, person } from './approval.specimen.js';
import { KnownGroups } from './known-groups.js';
import { toWirePrincipal } from './principal.js';

const clock = new ManualClock(0);

function apply(known: KnownGroups, envelope: Envelope): void {
  const position = { topic: topics.identity, partition: 0, offset: 0 };
  known.apply({ position, appendedAt: 0, envelope, raw: encodeEnvelope(envelope) });
}

function started(by: Principal): Envelope {
  const message = create(PageSessionStartedSchema, { pageSessionId: 'p', principal: toWirePrincipal(by) });
  return newEvent(PageSessionStartedSchema, message, { source: 'spec', subject: by.id, clock });
}

function refreshed(by: Principal): Envelope {
  const message = create(PageSessionRefreshedSchema, { pageSessionId: 'p', principal: toWirePrincipal(by) });
  return newEvent(PageSessionRefreshedSchema, message, { source: 'spec', subject: by.id, clock });
}

describe('the groups that are known of a person', () => {
  it('are those of the newest event, and nobody else’s', () => {
    const known = new KnownGroups();
    apply(known, started(person('bo', ['dba', 'sales'])));
    expect(known.of(bo.id)).toEqual(['dba', 'sales']);
    apply(known, refreshed(person('bo', ['sales'])));
    expect(known.of(bo.id)).toEqual(['sales']);
    apply(known, refreshed(person('bo', [])));
    expect(known.of(bo.id)).toEqual([]);
    apply(known, started(bo));
    expect(known.of(bo.id)).toEqual(['dba']);
    expect(known.of(ana.id)).toBeUndefined();
  });

  it('are none of one who is an agent by now', () => {
    const known = new KnownGroups();
    apply(known, started({ ...bo, kind: 'agent' }));
    expect(known.narrowed(bo).groups).toEqual([]);
  });

  it('narrow what a token says and add nothing to it', () => {
    const known = new KnownGroups();
    const max = person('max', ['dba', 'security']);
    expect(known.narrowed(max)).toBe(max);
    apply(known, started(person('max', ['security', 'admins'])));
    expect(known.narrowed(max)).toEqual({ ...max, groups: ['security'] });
  });

  it('come from page sessions, not from what else is in the topic or does not decode', () => {
    const known = new KnownGroups();
    const message = create(SignInRefusedSchema, { code: 'refused', through: 'pages' });
    apply(known, newEvent(SignInRefusedSchema, message, { source: 'spec', subject: bo.id, clock }));
    apply(known, { ...started(bo), data: Uint8Array.of(0xff, 0xff) });
    expect(known.of(bo.id)).toBeUndefined();
  });

  it('are bounded: who was heard of longest ago is forgotten first', () => {
    const known = new KnownGroups(2);
    for (const name of ['a', 'b', 'a', 'c']) apply(known, started(person(name)));
    expect(['a', 'b', 'c'].map((name) => known.of(`corp:${name}`) !== undefined)).toEqual([
      true,
      false,
      true,
    ]);
  });
});
