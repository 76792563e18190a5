import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, Inject, Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { encodeEnvelope, newEvent, payload, SessionEndedSchema, topics } from '#events';
import { openEmbeddedLog, type EventLog, type LoggedEvent } from '#event-log';
import { systemClock } from '#kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogTransport, type LogContext } from '../../libs/platform/log-transport/index.js';

const SEEN = Symbol('seen');

interface Seen {
  readonly ids: string[];
  readonly topicIds: string[];
  failures: number;
}

@Controller()
class EndedController {
  constructor(@Inject(SEEN) private readonly seen: Seen) {}

  @EventPattern<string>(SessionEndedSchema.typeName)
  async onEnded(@Payload() event: LoggedEvent, @Ctx() context: LogContext): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (this.seen.failures > 0) {
      this.seen.failures--;
      throw new Error('not yet');
    }
    this.seen.ids.push(payload(SessionEndedSchema, context.getEvent().envelope)?.sessionId ?? '?');
  }

  @EventPattern(topics.session)
  onAny(@Payload() event: LoggedEvent): void {
    this.seen.topicIds.push(event.envelope.id);
  }
}

const ended = (sessionId: string) =>
  encodeEnvelope(
    newEvent(
      SessionEndedSchema,
      { sessionId },
      { source: 'test', subject: sessionId, clock: systemClock, id: sessionId },
    ),
  );

describe('a Nest microservice on the event log', () => {
  let path: string;
  let log: EventLog;
  const running: INestMicroservice[] = [];

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'weir-transport-'));
    log = openEmbeddedLog({ path, onHandlerFailure: () => {} });
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((app) => app.close()));
    await log.close();
    await rm(path, { recursive: true, force: true });
  });

  async function start(mode: 'tail' | 'work', failures = 0): Promise<Seen> {
    const seen: Seen = { ids: [], topicIds: [], failures };
    @Module({ controllers: [EndedController], providers: [{ provide: SEEN, useValue: seen }] })
    class TestModule {}
    const strategy = new LogTransport(
      mode === 'tail'
        ? { log, mode, topics: [topics.session] }
        : { log, mode, group: 'test', topics: [topics.session] },
    );
    const app = await NestFactory.createMicroservice(TestModule, { strategy, logger: false });
    await app.listen();
    running.push(app);
    return seen;
  }

  const have = (seen: Seen, count: number) =>
    expect.poll(() => seen.ids.length, { timeout: 10_000 }).toBe(count);

  it('hands each event to the handlers of its type and of its topic, in order', async () => {
    await log.append(topics.session, [ended('a')]);
    const seen = await start('tail');
    await log.append(topics.session, [ended('b'), ended('c')]);
    await have(seen, 3);
    expect(seen.ids).toEqual(['a', 'b', 'c']);
    expect(seen.topicIds).toEqual(['a', 'b', 'c']);
  });

  it('calls a throwing handler again with the same event, and then goes on', async () => {
    await log.append(topics.session, [ended('a'), ended('b')]);
    const seen = await start('work', 2);
    await have(seen, 2);
    expect(seen.ids).toEqual(['a', 'b']);
  });

  it('leaves the position of a work group where a handler threw, and past what it took', async () => {
    await log.append(topics.session, [ended('a')]);
    const failing = await start('work', Infinity);
    await expect.poll(() => failing.failures, { timeout: 10_000 }).toBe(Infinity);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await running.pop()?.close();
    expect(failing.ids).toEqual([]);

    const taking = await start('work');
    await have(taking, 1);
    await running.pop()?.close();

    await log.append(topics.session, [ended('b')]);
    const next = await start('work');
    await have(next, 1);
    expect(next.ids).toEqual(['b']);
  });

  it('shows all to every tail', async () => {
    const [one, two] = [await start('tail'), await start('tail')];
    await log.append(topics.session, [ended('a')]);
    await have(one, 1);
    await have(two, 1);
  });
});
