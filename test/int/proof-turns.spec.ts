import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedLog, type EventLog } from '#event-log';
import {
  encodeEnvelope,
  genesis,
  linkEnvelope,
  newEvent,
  SessionEndedSchema,
  topics,
  TreeCutSchema,
  type Topic,
} from '#events';
import { systemClock } from '#kernel';
import { parseConfig, Readiness } from '#platform';
import { readCheckpoint } from '#proof';
import type { IngestService } from '../../services/audit/ingest/ingest.service.js';
import { openProofKeys } from '../../services/audit/proof/proof.keys.js';
import { ProofService } from '../../services/audit/proof/proof.service.js';
import { TreeWriter } from '../../services/audit/proof/tree.writer.js';
import { aSession } from './proof.stage.js';

const tree = { topic: topics.session, partition: 0 };
const cut = { ...tree, after: -1, through: 9 };

let dir: string;
let log: EventLog;
let reads: number;
let open: (() => void) | undefined;
let gate: Promise<void> | undefined;

/** The log, of which reads take as long as the gate is shut. */
let slow: EventLog;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'weir-turns-'));
  log = openEmbeddedLog({ path: join(dir, 'log') });
  reads = 0;
  gate = new Promise((done) => (open = done));
  slow = {
    append: (topic, events) => log.append(topic, events),
    tail: (options, handle) => log.tail(options, handle),
    work: (options, handle) => log.work(options, handle),
    share: (options, owns) => log.share(options, owns),
    partitions: (topic) => log.partitions(topic),
    end: (topic) => log.end(topic),
    expire: (through, before) => log.expire(through, before),
    close: () => log.close(),
    read: async (after, limit) => {
      reads++;
      await gate;
      return log.read(after, limit);
    },
  };
  let head = genesis;
  const events = [...aSession('ses_1'), ...aSession('ses_1').slice(1, 3)];
  for (const event of events) head = linkEnvelope(event, head);
  await log.append(topics.session, events.map(encodeEnvelope));
});
afterEach(async () => {
  open?.();
  await log.close();
  rmSync(dir, { recursive: true, force: true });
});

const config = () => parseConfig('audit: { proof: { interval: 50 } }', join(dir, 'weir.yaml'), dir);
const until = async (holds: () => boolean | Promise<boolean>) => {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 500) throw new Error('it never came');
    await delay(10);
  }
};

/** The service over the slow log, where this much is stored. */
function service(stored: number | ((topic: Topic) => number) = 9): {
  proof: ProofService;
  readiness: Readiness;
} {
  const storedThrough = ({ topic }: { topic: Topic }) =>
    typeof stored === 'number' ? stored : stored(topic);
  const ingest = { storedThrough, owns: () => true } as unknown as IngestService;
  const readiness = new Readiness();
  const proof = new ProofService(config(), slow, ingest, systemClock, 'turns', readiness);
  return { proof, readiness };
}

async function appendCut(through = cut.through, partition = 0): Promise<void> {
  const message = { ...cut, partition, after: BigInt(cut.after), through: BigInt(through) };
  const origin = { source: 'audit/other', subject: 'weir.session.v1/0', clock: systemClock };
  await log.append(topics.proof, [encodeEnvelope(newEvent(TreeCutSchema, message, origin))]);
}

const sizeOf = (note: string | undefined) => readCheckpoint(note ?? '')?.size;

describe('a cut', () => {
  it('goes into its tree once, however often it is applied while the log is read', async () => {
    const keys = await openProofKeys(config());
    const writer = await TreeWriter.open({ tree, folder: join(dir, 'proof'), log: slow, keys });
    const both = [writer.apply(cut), writer.apply(cut)];
    open?.();
    await Promise.all(both);
    expect(sizeOf(writer.note)).toBe(1);
    await writer.apply({ ...cut, after: 9, through: 11 });
    expect(sizeOf(writer.note)).toBe(2);
  });

  it('is taken by the tail or by a round, the other waits', async () => {
    const { proof } = service();
    await proof.onApplicationBootstrap();
    await appendCut();
    await until(() => reads === 1);
    const round = proof.round();
    await delay(30);
    expect(reads).toBe(1);
    open?.();
    await round;
    expect((await proof.checkpoints()).map(sizeOf)).toEqual([1]);
    await proof.onModuleDestroy();
  });

  it('is not followed by another of a service that stops before it has the old ones', async () => {
    await appendCut();
    const { proof } = service(11);
    await proof.onApplicationBootstrap();
    await until(() => reads === 1);
    const stopping = proof.onModuleDestroy();
    await delay(30);
    open?.();
    await stopping;
    expect(await log.end(topics.proof)).toMatchObject([{ offset: 0 }]);
    const next = service(11).proof;
    await next.onApplicationBootstrap();
    expect((await next.checkpoints()).map(sizeOf)).toEqual([1]);
    await next.onModuleDestroy(); // what is stored by then is covered
    expect(await log.end(topics.proof)).toMatchObject([{ offset: 1 }]);
  });
});

describe('a service that starts behind others', () => {
  it('takes no work and shows no checkpoint, but a refusal, until its trees have the old cuts', async () => {
    await appendCut();
    const { proof, readiness } = service();
    expect(await readiness.failing()).toEqual(['proof']);
    await proof.onApplicationBootstrap();
    await until(() => reads === 1);
    expect(await readiness.failing()).toEqual(['proof']);
    await expect(proof.checkpoints()).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    open?.();
    expect((await proof.checkpoints()).map(sizeOf)).toEqual([1]);
    await until(async () => (await readiness.failing()).length === 0);
    await proof.onModuleDestroy();
  });

  it('is ready at once where no cut is, and stays so while a later one waits', async () => {
    const { proof, readiness } = service();
    await proof.onApplicationBootstrap();
    await until(async () => (await readiness.failing()).length === 0);
    await appendCut();
    await until(() => reads === 1);
    expect(await readiness.failing()).toEqual([]);
    open?.();
    await proof.onModuleDestroy();
  });

  it('takes no work while the log does not have what a cut is of', async () => {
    await appendCut();
    gate = Promise.reject(new Error('expired'));
    gate.catch(() => {});
    const { proof, readiness } = service();
    await proof.onApplicationBootstrap();
    expect(await proof.checkpoints()).toEqual([]);
    await delay(100);
    expect(await readiness.failing()).toEqual(['proof']);
    gate = undefined;
    await proof.round();
    expect(await readiness.failing()).toEqual([]);
    expect((await proof.checkpoints()).map(sizeOf)).toEqual([1]);
    await proof.onModuleDestroy();
  });
});

describe('a cut that ends where the log has not come to', () => {
  const stored = [12, 0]; // of sessions more than the log has
  const both = () => service((topic) => stored[topic === topics.session ? 0 : 1]!);
  const more = () => {
    const events = aSession('ses_2').slice(0, 2);
    let head = genesis;
    for (const event of events) head = linkEnvelope(event, head);
    return log.append(topics.session, events.map(encodeEnvelope));
  };
  const covered = async (proof: ProofService) =>
    Object.fromEntries(
      (await proof.checkpoints()).map((note) => [
        readCheckpoint(note)!.origin.split('/').at(-2),
        sizeOf(note),
      ]),
    );

  beforeEach(async () => {
    open?.();
    const origin = { source: 'test', subject: 'x', clock: systemClock };
    await log.append(topics.policy, [encodeEnvelope(newEvent(SessionEndedSchema, {}, origin))]);
  });

  it('keeps its own tree waiting, by name, and no other; its tree goes on once the log has come there', async () => {
    await appendCut(13);
    const { proof, readiness } = both();
    await proof.onApplicationBootstrap();
    await proof.checkpoints(); // it has read the cuts that there are
    const waiting = 'a cut of weir.session.v1/0 ends at 13, the log at 11: that tree waits';
    await expect(proof.round()).rejects.toThrow(waiting);
    await expect(proof.round()).rejects.toThrow(waiting);
    expect(await readiness.failing()).toEqual([]);
    expect(await covered(proof)).toEqual({ 'weir.policy.v1': 1 });
    await more();
    await proof.round();
    expect(await covered(proof)).toEqual({ 'weir.policy.v1': 1, 'weir.session.v1': 2 });
    await proof.onModuleDestroy();
  });

  it('is nothing where there is no such partition', async () => {
    await appendCut(13, 9);
    const { proof } = both();
    await proof.onApplicationBootstrap();
    await proof.checkpoints(); // it has read the cuts that there are
    await proof.round();
    expect(await covered(proof)).toEqual({ 'weir.policy.v1': 1, 'weir.session.v1': 1 });
    await proof.onModuleDestroy();
  });

  it('is none of ours, whatever the store says that it has', async () => {
    const { proof } = service(8_000_000_000);
    await proof.onApplicationBootstrap();
    await proof.checkpoints(); // it has read the cuts that there are
    await proof.round();
    expect(await covered(proof)).toEqual({ 'weir.policy.v1': 1, 'weir.session.v1': 1 });
    expect(await log.end(topics.proof)).toMatchObject([{ offset: 1 }]);
    await proof.onModuleDestroy();
  });
});
