import { setTimeout as pause } from 'node:timers/promises';
import { encodeEnvelope, newEvent, SessionEndedSchema, topics, type EncodedEnvelope } from '#events';
import { systemClock } from '#kernel';
import type { EventLog, LoggedEvent, Position } from '../port.js';

/** A process that appends events `<writer>-1`, `<writer>-2`, … with subject `<writer>` to `weir.session.v1`. */
export interface WriterProcess {
  /** The ids of events whose append has resolved, as far as the process could say so. */
  readonly lines: readonly string[];
  said(count: number): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

export interface LogUnderTest {
  /** An empty log. */
  readonly log: EventLog;
  /** Another handle on the same log, as another process would hold it. */
  reopen(): Promise<EventLog>;
  /** Absent where the adapter can't have one: the crash test is then left out. */
  spawnWriter?(writer: string): WriterProcess;
  dispose(): Promise<void>;
  /** Where an append that is tried again by itself may stand twice. */
  readonly mayRepeat?: boolean;
}

/** The log that the running test has opened. */
export type Opened = () => LogUnderTest;

export const patience = 10_000;
export const { session, approval, command } = topics;

export function event(subject: string, n: number, extra = ''): EncodedEnvelope {
  const origin = { source: 'contract', subject, clock: systemClock, id: `${subject}-${n}` };
  return encodeEnvelope(newEvent(SessionEndedSchema, { sessionId: subject, reason: extra }, origin));
}

export const events = (subject: string, from: number, to: number): EncodedEnvelope[] =>
  Array.from({ length: to - from + 1 }, (_, i) => event(subject, from + i));

export const idsOf = (logged: readonly LoggedEvent[]) => logged.map(({ envelope }) => envelope.id);
export const ids = (subject: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `${subject}-${from + i}`);

/** The ids of one key, in the order seen. Order across keys is not promised: there may be partitions. */
export const ofKey = (logged: readonly LoggedEvent[], subject: string) =>
  idsOf(logged.filter(({ envelope }) => envelope.subject === subject));

/** The ids of one key with repetitions dropped: what an idempotent handler makes of at least once. */
export const onceOfKey = (logged: readonly LoggedEvent[], subject: string) => [
  ...new Set(ofKey(logged, subject)),
];

export async function until(isTrue: () => boolean, what: string): Promise<void> {
  const end = Date.now() + patience;
  while (!isTrue()) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await pause(5);
  }
}

export async function readAll(log: EventLog, topic: Position['topic']): Promise<LoggedEvent[]> {
  const all: LoggedEvent[] = [];
  for (const end of await log.end(topic)) {
    let after: Position = { ...end, offset: -1 };
    while (after.offset < end.offset) {
      const some = await log.read(after, 500);
      if (some.length === 0) break;
      all.push(...some);
      after = some.at(-1)?.position ?? after;
    }
  }
  return all;
}
