import { hour, minute } from '../calendar.js';
import { registered, snapshotOf, stepOf, type Publication } from '../record/policy.steps.js';
import { timeOn, type IncidentKind, type Plant, type Stage } from './stage.js';

/**
 * Policies or a connection changed past the repository that owns them: through the API, without a reference, by somebody
 * who never does. Stealthy: by an operator, in daylight, with the reference of an older change, and put back soon after.
 */
export const outOfBandChange: IncidentKind = {
  ...{ kind: 'out-of-band-change', unit: 'changes', magnitudes: [1, 2, 4], days: 3 },
  suits: () => true,
  plant: (stage) => {
    const { random, stealthy, part, magnitude } = stage;
    const by = stealthy ? random.pick(['paula', 'quentin', 'rosa']) : random.pick(['sven', 'tilda', 'ana']);
    part.identity = `corp:${by}`;
    const changed = random.chance(0.5) ? policies : connection;
    const plants = Array.from({ length: magnitude }, (_, i) => changed(stage, timeOfChange(stage, i), by));
    return {
      control: plants.flatMap(({ control = [] }) => control),
      publications: plants.flatMap(({ publications = [] }) => publications),
    };
  },
};

function timeOfChange(stage: Stage, n: number): number {
  const { random, stealthy } = stage;
  return Math.round(timeOn(stage, n % 3, stealthy ? random.between(9, 17) : random.between(0, 24)));
}

function policies(stage: Stage, at: number, by: string): Plant {
  const { random, stealthy, publications } = stage;
  const older = publications.findLast((each) => each.at < at - hour);
  const odd: Publication = {
    ...{ at, by, version: random.hex(64), owner: stealthy ? 'file' : 'api' },
    change: stealthy ? (older?.change ?? '') : '',
  };
  const back = at + Math.round(random.between(5 * minute, hour));
  span(stage, at, stealthy ? back : at);
  if (!stealthy) return { publications: [odd] };
  return { publications: [odd, { ...odd, at: back, version: snapshotOf(publications, at) }] };
}

function connection(stage: Stage, at: number, by: string): Plant {
  const { agent, stealthy, part, random } = stage;
  const name = agent.tables[0]?.table.connection ?? '';
  const to = (host: string, when: number) =>
    stepOf(registered(name, host, when, by, stealthy ? 'file' : 'api', random));
  const back = at + Math.round(random.between(5 * minute, hour));
  part.connection = name;
  span(stage, at, stealthy ? back : at);
  if (!stealthy) return { control: [to('203.0.113.77', at)] };
  return { control: [to('10.1.9.77', at), to('10.1.0.10', back)] };
}

function span({ part }: Stage, from: number, to: number): void {
  part.from = Math.min(part.from, from);
  part.to = Math.max(part.to, to);
}
