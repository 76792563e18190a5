import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { ApprovalDecidedSchema, newEvent } from '#events';
import { ManualClock } from '#kernel';
import { ApprovalBook } from './approval-book.js';
import type { ApprovalEvent } from './approval.events.js';
import {
  agent,
  ana,
  binding,
  bo,
  consumed,
  cy,
  decided,
  expired,
  logged,
  minute,
  request,
  requested,
  start,
  voided,
  withdrawn,
} from './approval.specimen.js';

const { id, expiresAt } = request();
const onError = vi.fn();

function bookOf(...events: readonly ApprovalEvent[]): ApprovalBook {
  const book = new ApprovalBook({ onError });
  for (const event of events) book.apply(logged(event));
  return book;
}

describe('the book of approvals', () => {
  it('lists what is pending and finds what is not', () => {
    const book = bookOf(requested());
    expect(book.pending().map((approval) => approval.request.id)).toEqual([id]);
    book.apply(logged(decided(bo, 'deny')));
    expect(book.pending()).toEqual([]);
    expect(book.get(id)).toMatchObject({ status: 'denied', decidedAt: start + minute });
    expect(book.counts()).toMatchObject({ pending: 0, denied: 1 });
  });

  it('takes a repeated event once', () => {
    const events = [requested({ quorum: 2 }), decided(bo, 'approve')];
    const book = bookOf(...events, ...events);
    expect(book.get(id)?.decisions).toHaveLength(1);
    expect(book.counts()).toMatchObject({ pending: 1 });
  });

  it('passes over bytes that do not decode and events under another key', () => {
    const book = bookOf(requested());
    const fine = logged(decided(bo, 'approve'));
    book.apply({ ...fine, envelope: { ...fine.envelope, data: Uint8Array.of(0xff, 0xff) } });
    book.apply({ ...fine, envelope: { ...fine.envelope, subject: 'apr_other' } });
    const nobody = newEvent(
      ApprovalDecidedSchema,
      { approvalId: id, decision: 'approve' },
      { source: 'spec', subject: id, clock: new ManualClock() },
    );
    book.apply({ ...fine, envelope: nobody });
    expect(book.get(id)).toMatchObject({ status: 'pending', decisions: [] });
    book.apply(fine);
    expect(book.get(id)?.status).toBe('approved');
  });

  it('calls back on a change only, until told to stop', () => {
    const book = bookOf(requested());
    const seen = vi.fn();
    const every = vi.fn();
    const stop = book.onChange(id, ({ status }) => seen(status));
    book.onEveryChange(({ request: r, status }) => every(r.id, status));
    book.apply(logged(decided(ana, 'approve'))); // hers: the agent acts in her name
    book.apply(logged(decided(bo, 'approve')));
    stop();
    book.apply(logged(consumed('stm_2')));
    expect(seen.mock.calls).toEqual([['approved']]);
    expect(every.mock.calls).toEqual([
      [id, 'approved'],
      [id, 'consumed'],
    ]);
  });

  it('goes on when a listener throws', () => {
    const book = bookOf(requested());
    const seen = vi.fn();
    book.onChange(id, () => {
      throw new Error('listener');
    });
    book.onChange(id, seen);
    onError.mockClear();
    book.apply(logged(withdrawn()));
    expect(seen).toHaveBeenCalledOnce();
    expect(onError.mock.calls).toEqual([
      [
        expect.stringMatching(
          / is passed over by a listener to requests: Error at .*approval-book\.spec\.ts/,
        ),
      ],
    ]);
  });

  it('drops the oldest closed requests, keeps their count, and never reopens one', () => {
    const book = new ApprovalBook({ keepClosed: 2, onError });
    const ids = ['a', 'b', 'c', 'd'].map((letter) => `apr_${letter}`);
    const ask = (one: string) => requested({ id: one });
    for (const one of ids) {
      book.apply(logged(ask(one)));
      const event = withdrawn();
      book.apply(logged({ ...event, data: { ...event.data, approvalId: one } } as ApprovalEvent));
    }
    expect(book.all()).toHaveLength(4); // a repetition could still reopen them
    book.apply(logged(requested({ id, expiresAt: expiresAt * 2 }, expiresAt)));
    book.apply(logged(withdrawn(expiresAt + 1)));
    expect(book.all().map((approval) => approval.request.id)).toEqual(['apr_d', id]);
    expect(book.counts()).toMatchObject({ withdrawn: 5, pending: 0 });
    const late = { ...ask('apr_a'), at: expiresAt + 2 };
    book.apply(logged(late));
    expect(book.get('apr_a')).toBeUndefined();
  });
});

describe('grants', () => {
  it('are found by binding and requester until used', () => {
    const book = bookOf(requested(), decided(bo, 'approve'));
    const now = start + 2 * minute;
    expect(book.grants.find(binding, agent, now)?.request.id).toBe(id);
    expect(book.grants.find(Buffer.from('00ff11', 'hex'), agent, now)).toBeUndefined();
    expect(book.grants.find(binding, bo, now)).toBeUndefined();
    expect(book.grants.find(binding, { id: agent.id }, now)).toBeUndefined();
    book.apply(logged(consumed('stm_2')));
    expect(book.grants.find(binding, agent, now)).toBeUndefined();
  });

  it('are none before the yes, after a no and past their time', () => {
    const now = start + 2 * minute;
    expect(bookOf(requested()).grants.find(binding, agent, now)).toBeUndefined();
    expect(bookOf(requested(), decided(bo, 'deny')).grants.find(binding, agent, now)).toBeUndefined();
    const book = bookOf(requested(), decided(bo, 'approve'));
    const end = start + minute + 10 * minute;
    expect(book.grants.find(binding, agent, end - 1)).toBeDefined();
    expect(book.grants.find(binding, agent, end)).toBeUndefined();
    book.apply(logged(expired(end)));
    expect(book.approved()).toEqual([]);
  });
});

/** A history in which anything follows anything, repeats and stale times included. */
const anyEvent = fc
  .record({
    pick: fc.nat(9),
    by: fc.constantFrom(ana, bo, cy, agent),
    minutes: fc.nat(25),
    given: fc.nat(25),
  })
  .map(({ pick, by, minutes, given }): ApprovalEvent => {
    const at = start + minutes * minute;
    const events = [
      requested({ quorum: 2 }, at),
      decided(by, 'approve', at),
      decided(by, 'approve', at),
      decided(by, 'deny', at),
      expired(at),
      withdrawn(at),
      consumed('stm_2', at),
      consumed('stm_3', at),
      // Of a yes that may have been, may come yet, or may never be.
      voided(decided(by, 'approve', start + given * minute), by, at),
      voided(decided(bo, 'approve', start + given * minute), bo, at),
    ];
    return events[pick] as ApprovalEvent;
  });

describe('invariant 6 over any history', () => {
  it('used at most once, approved only by two eligible persons in time, the same in every replica', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        const [book, replica] = [bookOf(...events), new ApprovalBook({ onError })];
        let uses = 0;
        replica.onEveryChange(({ status }) => (uses += status === 'consumed' ? 1 : 0));
        for (const event of events) {
          replica.apply(logged(event));
          replica.apply(logged(event));
        }
        expect(replica.all()).toEqual(book.all());
        expect(uses).toBeLessThanOrEqual(1);
        const found = book.get(id);
        if (found?.status !== 'approved' && found?.status !== 'consumed') return;
        expect(new Set(found.decisions.map(({ by }) => by.id))).toEqual(new Set([bo.id, cy.id]));
        expect(found.decisions.every(({ at }) => at < expiresAt)).toBe(true);
      }),
    );
  });

  it('no yes counts that was void before the quorum was reached', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        const book = new ApprovalBook({ onError });
        const taken = new Set<string>();
        for (const event of [requested({ quorum: 2 }), ...events]) {
          const before = book.get(id);
          if (event.type === 'ApprovalDecisionVoided' && before?.status === 'pending')
            for (const { eventId } of before.decisions)
              if (eventId === event.data.decisionId) taken.add(eventId);
          book.apply(logged(event));
          expect(book.get(id)?.decisions.filter(({ eventId }) => taken.has(eventId))).toEqual([]);
        }
      }),
    );
  });
});
