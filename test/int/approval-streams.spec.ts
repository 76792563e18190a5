import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApprovalBook, KnownGroups, PageSessionBook } from '#domain';
import { AppError, type Principal } from '#kernel';
import type { CallerIdentity } from '#platform';
import { bo, logged, requested, request } from '../../libs/domain/approval.specimen.js';
import type { ApprovalFold } from '../../services/approval/approval.fold.js';
import { ApprovalStream } from '../../services/approval/approval.stream.js';
import { ApprovalStreams } from '../../services/approval/approval.streams.js';

const caller = (principal: Principal): CallerIdentity => ({
  ...{ principal, saidAt: 0, roles: new Set(['approver']) },
});

describe('one who listens', () => {
  const book = new ApprovalBook();
  let streams: ApprovalStreams;
  beforeEach(() => {
    vi.useFakeTimers();
    const sessions = new PageSessionBook();
    const identity = { sessions, groups: new KnownGroups(sessions) };
    streams = new ApprovalStreams({ book } as unknown as ApprovalFold, identity);
    streams.onModuleInit();
  });
  afterEach(() => {
    streams.onModuleDestroy();
    vi.useRealTimers();
  });

  it('is heard of every 15 s, and asked for again every minute, until the right is gone', async () => {
    let text = '';
    let isOver = false;
    const again = vi.fn(() => Promise.resolve(caller(bo)));
    const stream = streams.open(caller(bo), again);
    stream.on('data', (chunk: Buffer) => (text += chunk.toString())).on('end', () => (isOver = true));
    await vi.advanceTimersByTimeAsync(59_000);
    expect([text, again.mock.calls.length]).toEqual(['retry: 3000\n\n: ping\n\n: ping\n\n: ping\n\n', 0]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect([again.mock.calls.length, isOver]).toEqual([1, false]);
    again.mockRejectedValue(new AppError('TOKEN_EXPIRED', 'over'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(isOver).toBe(true);
  });

  it('hears by the groups of the last time', async () => {
    let text = '';
    const again = () => Promise.resolve(caller({ ...bo, groups: [] }));
    streams.open(caller(bo), again).on('data', (chunk: Buffer) => (text += chunk.toString()));
    book.apply(logged(requested({ id: 'apr_before' })));
    await vi.advanceTimersByTimeAsync(61_000);
    book.apply(logged(requested({ id: 'apr_after' })));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(text).toContain('apr_before');
    expect(text).not.toContain('apr_after');
  });

  it('and reads nothing any more is let go', async () => {
    const stream = streams.open(caller(bo), () => Promise.resolve(caller(bo)));
    const closed = vi.fn();
    stream.on('close', closed);
    for (let i = 0; i < 3; i++) book.apply(logged(requested({ id: `apr_${i}`, text: 'x'.repeat(70_000) })));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(closed).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(61_000);
    expect(closed).toHaveBeenCalled();
  });
});

describe('what waits for a slow reader', () => {
  it('is the newest of each request, and bounded', async () => {
    const rendered: string[] = [];
    const stream = new ApprovalStream((id) => (rendered.push(id), 'x'.repeat(70_000)));
    stream.changed('a');
    for (let i = 0; i < 500; i++) for (const id of ['b', 'c']) stream.changed(id);
    expect(rendered).toEqual(['a']);
    stream.resume();
    await new Promise(setImmediate);
    expect(rendered).toEqual(['a', 'b', 'c']);
  });

  it('ends where it is more than a list is worth', async () => {
    const stream = new ApprovalStream(() => 'x'.repeat(70_000));
    const ended = new Promise((resolve) => stream.once('end', resolve));
    for (let i = 0; i < 1_002; i++) stream.changed(`${request().id}${i}`);
    stream.resume();
    await ended;
  });
});
