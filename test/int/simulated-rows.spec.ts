import { fromJson, toBinary, type DescMessage, type JsonValue } from '@bufbuild/protobuf';
import { controlEventRow, sessionEventRow, unknownSession, type SessionEntry } from '#audit-rows';
import * as wire from '#events';
import { describe, expect, it } from 'vitest';
import { eventLine, honeytokens, labelHeader, labelLine, simulate } from '../../detect/simulator/index.js';

const options = {
  ...{ seed: 2, agents: 25, weeks: 4, start: Date.UTC(2026, 0, 5), links: true },
  incidents: { perHundredAgentWeeks: 80, quietDays: 7 },
};

const schemas = new Map(
  Object.values<unknown>(wire)
    .filter((each): each is DescMessage => typeof each === 'object' && each !== null && 'typeName' in each)
    .map((schema) => [schema.typeName, schema]),
);

const logged = (event: ReturnType<typeof simulate> extends Iterable<infer E> ? E : never, offset: number) => {
  const raw = wire.encodeEnvelope(event.envelope);
  const position = { topic: event.topic, partition: 0, offset };
  return { position, appendedAt: event.loggedAt, envelope: wire.decodeEnvelope(raw), raw };
};

describe('simulated events', { timeout: 180_000 }, () => {
  it('are rows of the audit store, as recorded ones are', () => {
    const sessions = new Map<string, SessionEntry>();
    const seen = new Map<string, number>();
    let [offset, rows, sensitive, reads, faults] = [0, 0n, 0n, 0, 0];
    for (const simulated of simulate(options)) {
      const event = logged(simulated, offset++);
      const { subject, link, type } = event.envelope;
      seen.set(type, (seen.get(type) ?? 0) + 1);
      if (!link) {
        controlEventRow(event);
        continue;
      }
      if (wire.placeFault(event.envelope) !== undefined) faults++;
      const entry = sessions.get(subject) ?? unknownSession();
      sessions.set(subject, entry);
      const row = Object.assign({}, ...sessionEventRow(event, link, entry)) as Record<string, unknown>;
      if (!String(row['identity']).startsWith('corp:') || row['connection'] === '') faults++;
      rows += BigInt((row['rows'] as string | undefined) ?? '0');
      for (const n of Object.values((row['masked'] as Record<string, string> | undefined) ?? {})) sensitive += BigInt(n);
      if (((row['tables_read'] as string[] | undefined) ?? []).length > 0) reads++;
    } // prettier-ignore
    expect(faults).toBe(0);
    expect(rows).toBeGreaterThan(1_000_000n);
    expect(sensitive).toBeGreaterThan(10_000n);
    expect(reads).toBeGreaterThan(10_000);
    const types = ['SessionStarted', 'StatementReceived', 'HoldResolved', 'StatementOutcome', 'SessionEnded',
      'ApprovalRequested', 'ApprovalDecided', 'ApprovalConsumed', 'PoliciesPublished', 'ConnectionRegistered']; // prettier-ignore
    expect([...seen.keys()]).toEqual(expect.arrayContaining(types.map((name) => `weir.events.v1.${name}`)));
  });

  it('say in a line of events.ndjson all that they say', () => {
    let n = 0;
    for (const event of simulate({ ...options, agents: 6, weeks: 2, links: false })) {
      if (n++ % 11 !== 0) continue;
      const { type, data } = event.envelope;
      const line = JSON.parse(eventLine(event)) as Record<string, JsonValue>;
      const schema = schemas.get(type)!;
      expect(toBinary(schema, fromJson(schema, line['data']!)).length).toBe(data.length);
      expect(Date.parse(line['time'] as string)).toBe(Number(event.envelope.timeUs / 1000n));
    }
    expect(n).toBeGreaterThan(5_000);
  });

  it('have labels of as many fields as the header names', () => {
    const simulation = simulate(options);
    for (const _ of simulation);
    expect(simulation.incidents.length).toBeGreaterThan(20);
    for (const incident of simulation.incidents)
      expect(labelLine(incident).split(',')).toHaveLength(labelHeader.split(',').length);
  });

  it('read canary tables in incidents only', () => {
    const simulation = simulate({ ...options, links: false });
    const canaries = new Set<string>();
    for (const { envelope } of simulation) {
      const received = wire.payload(wire.StatementReceivedSchema, envelope);
      if (received?.reads.some(({ name }) => honeytokens.some(({ table }) => table === `public.${name}`)))
        canaries.add(received.statementId);
    }
    const labelled = simulation.incidents.filter(({ kind }) => kind === 'honeytoken').flatMap(({ statementIds }) => statementIds);
    expect([...canaries].sort()).toEqual([...labelled].sort());
    expect(canaries.size).toBeGreaterThan(0);
  }); // prettier-ignore
});
