import { createHash } from 'node:crypto';
import { encodeEnvelope, payload, SessionStartedSchema, StatementReceivedSchema, verifyChain, type Envelope } from '#events'; // prettier-ignore
import { beforeAll, describe, expect, it } from 'vitest';
import { incidentKinds } from './incidents/kinds.js';
import type { Incident } from './model.js';
import { simulate, type SimulationOptions } from './simulate.js';

const start = Date.UTC(2026, 0, 5);
const small: SimulationOptions = { seed: 3, agents: 8, weeks: 2, start };
const withIncidents: SimulationOptions = {
  ...{ seed: 5, agents: 45, weeks: 4, start, links: false },
  // Each kind in each form about once: of many more the later kinds find no agent that has time for them.
  incidents: { perHundredAgentWeeks: 24, quietDays: 7 },
};

function digest(options: SimulationOptions): string {
  const hash = createHash('sha256');
  for (const { topic, loggedAt, envelope } of simulate(options))
    hash.update(`${topic} ${loggedAt}`).update(encodeEnvelope(envelope));
  return hash.digest('hex');
}

const timeOf = (envelope: Envelope): number => Number(envelope.timeUs / 1000n);

/** Some 300,000 events, on a machine that may be busy. */
const patient = { timeout: 180_000 };

describe('a simulation', patient, () => {
  it('gives the same bytes for the same seed, and others for another', () => {
    expect(digest(small)).toBe(digest(small));
    expect(digest({ ...small, seed: 4 })).not.toBe(digest(small));
  });

  it('gives the same when it is iterated again', () => {
    const simulation = simulate({ ...small, incidents: { perHundredAgentWeeks: 100, quietDays: 0 } });
    const ids = () => [...simulation].map(({ envelope }) => envelope.id).join();
    const first = { ids: ids(), incidents: structuredClone(simulation.incidents) };
    expect(first.incidents.length).toBeGreaterThan(0);
    expect({ ids: ids(), incidents: simulation.incidents }).toEqual(first);
  });

  it('is in order of time, within its weeks, every id once', () => {
    const ids = new Set<string>();
    let [last, events, disorder] = [start, 0, 0];
    for (const { envelope, loggedAt } of simulate(small)) {
      const at = timeOf(envelope);
      if (at < last || loggedAt < at) disorder++;
      [last, events] = [at, events + 1];
      ids.add(envelope.id);
    }
    expect({ disorder, events }).toEqual({ disorder: 0, events: ids.size });
    expect(events).toBeGreaterThan(5_000);
  });

  it('links each session from its start to its end', () => {
    const sessions = new Map<string, Envelope[]>();
    for (const { topic, envelope } of simulate(small))
      if (topic === 'weir.session.v1')
        sessions.set(envelope.subject, [...(sessions.get(envelope.subject) ?? []), envelope]);
    expect(sessions.size).toBeGreaterThan(300);
    for (const events of sessions.values()) {
      expect(verifyChain(events)).toMatchObject({ ok: true });
      expect(events[0]?.type).toBe(SessionStartedSchema.typeName);
      expect(events.at(-1)?.type).toBe('weir.events.v1.SessionEnded');
    }
  });

  it('has no incident where none is asked for, and about as many statements as agents send', () => {
    const simulation = simulate({ ...small, agents: 40, links: false });
    let statements = 0;
    for (const { envelope } of simulation)
      if (envelope.type === StatementReceivedSchema.typeName) statements++;
    expect(simulation.incidents).toEqual([]);
    const aDay = statements / (40 * 14);
    expect(aDay).toBeGreaterThan(35);
    expect(aDay).toBeLessThan(150);
  });

  it('holds agents and open sessions in memory, not weeks', () => {
    const heap = () => (globalThis.gc?.(), process.memoryUsage().heapUsed);
    const seen: number[] = [];
    let n = 0;
    for (const _ of simulate({ seed: 1, agents: 15, weeks: 8, start, links: false }))
      if (++n % 20_000 === 0) seen.push(heap());
    expect(seen.length).toBeGreaterThan(4);
    expect(Math.max(...seen) - seen[1]!).toBeLessThan(150e6);
  });
});

describe('the labels', patient, () => {
  /** Of all events: statements by id, the identity of each session, and sessions with places that no event has. */
  const statements = new Map<string, { readonly at: number; readonly session: string }>();
  const identities = new Map<string, string>();
  const gaps = new Set<string>();
  let incidents: readonly Incident[];

  beforeAll(() => {
    const simulation = simulate(withIncidents);
    const seqs = new Map<string, number>();
    for (const { topic, envelope } of simulation) {
      if (topic !== 'weir.session.v1') continue;
      const { subject, link } = envelope;
      const received = payload(StatementReceivedSchema, envelope);
      if (received) statements.set(received.statementId, { at: timeOf(envelope), session: subject });
      const started = payload(SessionStartedSchema, envelope);
      if (started) identities.set(subject, started.principal?.id ?? '');
      if (Number(link?.seq) !== (seqs.get(subject) ?? 0) + 1) gaps.add(subject);
      seqs.set(subject, Number(link?.seq));
    }
    incidents = simulation.incidents;
  }, patient.timeout);

  it('have every kind, in both forms', () => {
    const seen = new Set(incidents.map(({ kind, form }) => `${kind} ${form}`));
    const wanted = incidentKinds.flatMap(({ kind }) => [`${kind} plain`, `${kind} stealthy`]);
    expect([...seen].sort()).toEqual(wanted.sort());
  });

  it('name sessions and statements that are in the events, of their identity, in their time', () => {
    for (const { statementIds, sessionIds, from, to, identity, kind } of incidents) {
      for (const id of statementIds) {
        const statement = statements.get(id)!;
        expect(statement, `${kind} ${id}`).toBeDefined();
        expect(statement.at).toBeGreaterThanOrEqual(from);
        expect(statement.at).toBeLessThanOrEqual(to);
        expect(sessionIds).toContain(statement.session);
      }
      for (const session of sessionIds) expect(identities.get(session), kind).toBe(identity);
      expect(from).toBeGreaterThanOrEqual(start + 7 * 86_400_000);
      expect(to).toBeGreaterThanOrEqual(from);
    }
  });

  it('name something for each kind that leaves something', () => {
    for (const { kind, statementIds, sessionIds } of incidents) {
      if (kind === 'irregular-timing' || kind === 'out-of-band-change') continue;
      expect(sessionIds.length, kind).toBeGreaterThan(0);
      if (kind !== 'record-gap' && kind !== 'config-change')
        expect(statementIds.length, kind).toBeGreaterThan(0);
    }
  });

  it('stand beside an ordinary life that is the same without them', () => {
    const { incidents: _, ...benign } = withIncidents;
    const touched = new Set(incidents.map(({ identity }) => identity));
    const ordinary = new Set<string>();
    for (const { envelope } of simulate(benign)) {
      const started = payload(SessionStartedSchema, envelope);
      if (started && !touched.has(started.principal?.id ?? '')) ordinary.add(envelope.subject);
    }
    const others = [...identities].filter(([, identity]) => !touched.has(identity)).map(([id]) => id);
    expect(ordinary.size).toBeGreaterThan(100);
    expect(ordinary).toEqual(new Set(others));
  });

  it('leave places empty only where the record has a gap', () => {
    const labelled = incidents.filter(({ kind }) => kind === 'record-gap').flatMap((each) => each.sessionIds);
    expect(labelled.length).toBeGreaterThan(0);
    expect([...gaps].sort()).toEqual([...new Set(labelled)].sort());
  });
});
