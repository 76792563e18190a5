import { ConnectionRegisteredSchema, MaskingPublishedSchema, PoliciesPublishedSchema, topics } from '#events';
import { day, hour, week } from '../calendar.js';
import type { SimulatedEvent, Step } from '../model.js';
import type { Random } from '../random.js';
import { connectionNames } from '../world/tables.js';
import type { Span } from '../agents/fleet.js';
import { controlEvent, person } from './control.js';

/** One version of the policies, from a time on. */
export interface Publication {
  readonly at: number;
  readonly version: string;
  readonly by: string;
  readonly owner: 'file' | 'api';
  /** The change that it belongs to; empty: none was given. */
  readonly change: string;
}

const operators = ['paula', 'quentin', 'rosa'];
const firstDay = (span: Span): number => span.start + 30_000;

/** What a platform team publishes: at the start, then every week or two in daylight, from its repository, with a reference. */
export function publicationsOf(random: Random, span: Span): readonly Publication[] {
  const own = random.fork('publications');
  const all: Publication[] = [publication(firstDay(span), own)];
  for (let at = span.start; at < span.end; at += own.exponential(1.3 * week) + day) {
    const time = Math.floor(at / day) * day + own.between(8, 16) * hour;
    if (time <= firstDay(span) || time >= span.end || ((Math.floor(at / day) + 4) % 7) % 6 === 0) continue;
    all.push(publication(time, own));
    // Somebody is called at night and does not wait for the repository, but has a change opened.
    if (own.chance(0.06)) all.push({ ...publication(time + own.between(6, 14) * hour, own), owner: 'api' });
    // A mistake, and what stood before again: with a reference of its own.
    const before = all.at(-2);
    if (before && own.chance(0.08)) {
      const back = publication(time + own.between(0.3, 5) * hour, own);
      all.push({ ...back, version: before.version });
    }
  }
  return all.sort((a, b) => a.at - b.at);
}

function publication(at: number, random: Random): Publication {
  const change = `CHG-${random.int(1000, 9999)}`;
  return {
    ...{ at: Math.round(at), version: random.hex(64), by: random.pick(operators), change },
    owner: 'file',
  };
}

/** The version in force, of publications in order. */
export function snapshotOf(publications: readonly Publication[], at: number): string {
  return publications.findLast((each) => each.at <= at)?.version ?? '';
}

/** Connections and masking as they are set up, and all publications; now and then a target moves along with one. */
export function* policySteps(
  publications: readonly Publication[],
  random: Random,
  span: Span,
): Generator<Step> {
  const own = random.fork('policy');
  for (const [i, name] of connectionNames.entries())
    yield stepOf(registered(name, `10.1.${i}.10`, span.start + i * 1000, 'paula', 'file', own));
  const masking = { version: own.hex(64), owner: 'file', by: person('paula'), rulesJson: '{"rules":[]}' };
  const maskedFrom = span.start + 20_000;
  yield stepOf(controlEvent(topics.policy, 'masking', maskedFrom, MaskingPublishedSchema, masking, own));
  for (const each of publications) {
    const random = own.fork(each.at);
    yield stepOf(published(each, random));
    if (each.owner === 'file' && each.at > span.start + day && random.chance(0.1)) {
      const name = random.pick(connectionNames);
      const host = `10.1.${connectionNames.indexOf(name)}.${random.int(11, 14)}`;
      const moved = registered(name, host, each.at + random.int(20_000, 120_000), each.by, 'file', random);
      yield { at: each.at, begins: [stepOf(moved)].values() };
    }
  }
}

export function published({ at, version, by, owner, change }: Publication, random: Random): SimulatedEvent {
  const init = { version, owner, by: person(by), changeReference: change };
  return controlEvent(topics.policy, 'policies', at, PoliciesPublishedSchema, init, random);
}

export function registered(
  name: string,
  host: string,
  at: number,
  by: string,
  owner: 'file' | 'api',
  random: Random,
): SimulatedEvent {
  const connection = {
    ...{ name, host, protocol: 'postgres', port: 5432, database: name, user: `svc_${name}` },
    ...{ passwordRef: `env:${name.toUpperCase()}_PW`, tls: 'verify-full', owner: 'platform' },
  };
  const init = { connection, owner, by: person(by) };
  return controlEvent(topics.policy, name, at, ConnectionRegisteredSchema, init, random);
}

export const stepOf = (event: SimulatedEvent): Step => ({
  at: Number(event.envelope.timeUs / 1000n),
  event,
});
