import { describe, expect, it, vi } from 'vitest';
import {
  ConnectionRegisteredSchema,
  ConnectionRemovedSchema,
  encodeEnvelope,
  MaskingPublishedSchema,
  newEvent,
  PoliciesPublishedSchema,
  topics,
  type Envelope,
} from '#events';
import type { LoggedEvent } from '#event-log';
import { ManualClock } from '#kernel';
import { PolicyState } from './policy-state.js';

const clock = new ManualClock();
const onError = vi.fn();
let offset = 0;

function logged(envelope: Envelope): LoggedEvent {
  const position = { topic: topics.policy, partition: 0, offset: offset++ };
  return { position, appendedAt: clock.now(), envelope, raw: encodeEnvelope(envelope) };
}

const origin = (subject: string) => ({ source: 'spec', subject, clock });
const registered = (name: string, host: string, owner = 'api') =>
  logged(newEvent(ConnectionRegisteredSchema, { connection: { name, host }, owner }, origin(name)));
const removed = (name: string) => logged(newEvent(ConnectionRemovedSchema, { name }, origin(name)));
const policies = (version: string) =>
  logged(
    newEvent(
      PoliciesPublishedSchema,
      { version, files: [{ name: 'a.cedar', text: version }], owner: 'file' },
      origin('policies'),
    ),
  );
const masking = (version: string) =>
  logged(newEvent(MaskingPublishedSchema, { version, rulesJson: '{}', owner: 'file' }, origin('masking')));

function stateOf(...events: readonly LoggedEvent[]): PolicyState {
  const state = new PolicyState(onError);
  for (const event of events) state.apply(event);
  return state;
}

const hosts = (state: PolicyState) =>
  [...state.connections.values()].map(({ connection, owner }) => [connection.name, connection.host, owner]);

describe('the policy state', () => {
  it('is empty at first', () => {
    const state = stateOf();
    expect([state.connections.size, state.policies, state.masking]).toEqual([0, undefined, undefined]);
  });

  it('keeps what was registered last and drops what was removed', () => {
    const state = stateOf(registered('orders', 'a'), registered('billing', 'b'), registered('orders', 'c'));
    expect(hosts(state)).toEqual([
      ['orders', 'c', 'api'],
      ['billing', 'b', 'api'],
    ]);
    state.apply(removed('orders'));
    expect(hosts(state)).toEqual([['billing', 'b', 'api']]);
  });

  it('keeps the newest sets', () => {
    const state = stateOf(policies('1'), masking('1'), policies('2'));
    expect(state.policies).toMatchObject({
      version: '2',
      owner: 'file',
      files: [{ name: 'a.cedar', text: '2' }],
    });
    expect(state.masking).toEqual({ version: '1', rulesJson: '{}', owner: 'file' });
  });

  it('of two that were decided on the same state it takes the first, and says so', () => {
    const replacing = (host: string, replaces: string) =>
      logged(
        newEvent(ConnectionRegisteredSchema, { connection: { name: 'a', host }, replaces }, origin('a')),
      );
    const [first, second] = [replacing('1', ''), replacing('2', '')];
    const state = stateOf(first, second);
    expect(hosts(state)).toEqual([['a', '1', 'api']]);
    expect([first, second].map(({ envelope: { id } }) => state.ignored(id))).toEqual([false, true]);
    const third = replacing('3', first.envelope.id);
    state.apply(third);
    const late = newEvent(ConnectionRemovedSchema, { name: 'a', replaces: first.envelope.id }, origin('a'));
    state.apply(logged(late));
    expect([hosts(state), state.ignored(late.id)]).toEqual([[['a', '3', 'api']], true]);
    // As they were written before they said what they replace.
    state.apply(registered('a', '4'));
    expect(hosts(state)).toEqual([['a', '4', 'api']]);
    state.apply(removed('a'));
    expect(hosts(state)).toEqual([]);
  });

  it('of two sets of policies that replace the same one it takes the first', () => {
    const set = (version: string, replaces: string) =>
      logged(newEvent(PoliciesPublishedSchema, { version, replaces, owner: 'api' }, origin('policies')));
    const first = set('1', '');
    const next = set('2', first.envelope.id);
    const state = stateOf(first, next, set('3', first.envelope.id), set('4', ''));
    expect(state.policies?.version).toBe('2');
    state.apply(set('5', next.envelope.id));
    expect(state.policies?.version).toBe('5');
  });

  it('a connection has one owner until it is removed', () => {
    const state = stateOf(registered('orders', 'a', 'file'), registered('orders', 'b', 'api'));
    expect(hosts(state)).toEqual([['orders', 'a', 'file']]);
    state.apply(removed('orders'));
    state.apply(registered('orders', 'b', 'api'));
    expect(hosts(state)).toEqual([['orders', 'b', 'api']]);
  });

  it('takes a repeated event once, also after later ones', () => {
    const first = registered('orders', 'a');
    const state = stateOf(first, registered('orders', 'b'), first);
    expect(hosts(state)).toEqual([['orders', 'b', 'api']]);
    expect([state.has(first.envelope.id), state.has('evt_other')]).toEqual([true, false]);
  });

  it('passes over what does not decode, stands under another key or is of another kind', () => {
    const fine = registered('orders', 'a');
    const broken = { ...fine, envelope: { ...fine.envelope, id: 'evt_1', data: Uint8Array.of(0xff) } };
    const elsewhere = { ...fine, envelope: { ...fine.envelope, id: 'evt_2', subject: 'billing' } };
    const strange = { ...fine, envelope: { ...fine.envelope, id: 'evt_3', type: 'weir.events.v9.New' } };
    const noPolicies = policies('1');
    const misplaced = { ...noPolicies, envelope: { ...noPolicies.envelope, subject: 'orders' } };
    const state = stateOf(broken, elsewhere, strange, misplaced);
    expect([state.connections.size, state.policies]).toEqual([0, undefined]);
    state.apply(fine);
    expect(state.connections.size).toBe(1);
  });

  it('calls back on a change only, until told to stop, whatever another listener throws', () => {
    const state = new PolicyState(onError);
    const seen = vi.fn();
    state.onChange(() => {
      throw new Error('listener');
    });
    const stop = state.onChange(seen);
    onError.mockClear();
    state.apply(policies('1'));
    state.apply(removed('never-was'));
    state.apply(registered('orders', 'a'));
    stop();
    state.apply(masking('1'));
    expect(seen.mock.calls).toEqual([
      [{ set: 'policies', version: '1' }],
      [{ set: 'connections', name: 'orders' }],
    ]);
    expect(onError).toHaveBeenCalledTimes(3);
    expect(onError).toHaveBeenCalledWith(
      expect.stringMatching(/^weir\.policy\.v1.* is passed over by a listener to policies: Error at /),
    );
  });
});
