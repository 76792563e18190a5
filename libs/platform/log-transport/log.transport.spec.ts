import { of, throwError } from 'rxjs';
import { encodeEnvelope, newEvent, SessionEndedSchema, topics } from '#events';
import type { BatchHandler, EventLog, LoggedEvent } from '#event-log';
import { ManualClock } from '#kernel';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { LogContext } from './log.context.js';
import { LogTransport } from './log.transport.js';

const type = SessionEndedSchema.typeName;
const origin = { source: 'test', subject: 's', clock: new ManualClock() };

function logged(offset: number): LoggedEvent {
  const envelope = newEvent(SessionEndedSchema, { sessionId: `s${offset}` }, origin);
  const position = { topic: topics.session, partition: 0, offset };
  return { position, appendedAt: 0, envelope, raw: encodeEnvelope(envelope) };
}

describe('the log transport', () => {
  let deliver: BatchHandler;
  const stop = vi.fn(async () => {});
  const tail = vi.fn((_options: unknown, handle: BatchHandler) => {
    deliver = handle;
    return { stop };
  });
  const work = vi.fn((_options: unknown, handle: BatchHandler) => {
    deliver = handle;
    return { stop };
  });
  const log = { tail, work } as unknown as EventLog;
  const transport = () => new LogTransport({ log, mode: 'tail', topics: [topics.session] });

  beforeEach(() => vi.clearAllMocks());

  function listening(server: LogTransport): LogTransport {
    server.listen((error) => {
      if (error) throw error;
    });
    return server;
  }

  it('awaits the handler before it answers for the batch', async () => {
    const server = transport();
    const steps: string[] = [];
    server.addHandler(
      type,
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        steps.push('handled');
        return undefined as never;
      },
      true,
    );
    listening(server);
    await deliver([logged(0)]);
    steps.push('answered');
    expect(steps).toEqual(['handled', 'answered']);
  });

  it('calls the handlers of the event type and of the topic with event and context', async () => {
    const server = transport();
    const byType = vi.fn();
    const byTopic = vi.fn();
    server.addHandler(type, byType, true);
    server.addHandler(topics.session, byTopic, true);
    listening(server);
    const event = logged(0);
    await deliver([event]);
    expect(byType).toHaveBeenCalledWith(event, expect.any(LogContext));
    expect(byTopic).toHaveBeenCalledWith(event, expect.any(LogContext));
  });

  it.each([
    ['throws', () => Promise.reject(new Error('no'))],
    ['answers with a failing stream', () => Promise.resolve(throwError(() => new Error('no')))],
  ])('fails the batch where a handler %s', async (_what, answer) => {
    const server = transport();
    server.addHandler(type, answer as never, true);
    listening(server);
    await expect(deliver([logged(0)])).rejects.toThrow('no');
  });

  it('takes a stream, even an empty one, as done when it completes', async () => {
    const server = transport();
    server.addHandler(type, async () => of(1, 2) as never, true);
    listening(server);
    await deliver([logged(0)]);
  });

  it('does not handle again, in a batch that comes again, what was handled', async () => {
    const server = transport();
    const seen: number[] = [];
    let broken = true;
    server.addHandler(
      type,
      async (event: LoggedEvent) => {
        if (event.position.offset === 1 && broken) throw new Error('not yet');
        seen.push(event.position.offset);
        return undefined as never;
      },
      true,
    );
    listening(server);
    const batch = [logged(0), logged(1), logged(2)];
    await expect(deliver(batch)).rejects.toThrow('not yet');
    broken = false;
    await deliver(batch);
    expect(seen).toEqual([0, 1, 2]);
  });

  it('works in a group, one reader a topic', () => {
    const read = [topics.session, topics.approval];
    listening(new LogTransport({ log, mode: 'work', group: 'g', batchSize: 5, topics: read }));
    expect(work.mock.calls.map(([options]) => options)).toEqual(
      read.map((topic) => ({ topic, group: 'g', batchSize: 5 })),
    );
    expect(tail).not.toHaveBeenCalled();
  });

  it('stops its readers on close', async () => {
    await listening(transport()).close();
    expect(stop).toHaveBeenCalledOnce();
  });

  it.each(['weir.approval.v1', 'approval.decided'])('refuses to start with a handler for %s', (pattern) => {
    const server = transport();
    server.addHandler(pattern, async () => of(), true);
    const callback = vi.fn();
    server.listen(callback);
    expect(callback).toHaveBeenCalledWith(expect.objectContaining({ code: 'INTERNAL' }));
    expect(tail).not.toHaveBeenCalled();
  });
});
