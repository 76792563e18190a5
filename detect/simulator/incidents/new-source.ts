import {
  callOf,
  keys,
  ownQuery,
  sessionAt,
  tablesOf,
  timeOn,
  type IncidentKind,
  type Stage,
} from './stage.js';

/** The credential comes from where it never came from. Stealthy: from inside, a network of colleagues, in its hours. */
export const newSource: IncidentKind = {
  ...{ kind: 'new-source', unit: 'sessions', magnitudes: [1, 4, 12], days: 3 },
  suits: ({ profile }) => profile.comesFrom !== 'runner',
  plant: (stage) => {
    const { agent, magnitude, random } = stage;
    const host = foreignHost(stage);
    return {
      sessions: Array.from({ length: magnitude }, (_, i) => {
        const at = timeOn(stage, i % 3, agent.hour + random.between(0.2, 8.5));
        return sessionAt(stage, at, someReads(stage), { host });
      }),
    };
  },
};

/** Outside; or, stealthy, of a house network of which this agent knows nothing. */
export function foreignHost({ random, stealthy, agent }: Stage): string {
  if (!stealthy) return `${random.pick(['203.0.113', '198.51.100', '192.0.2'])}.${random.int(2, 250)}`;
  const network = `10.${random.int(20, 25)}.${random.int(61, 120)}`;
  return agent.profile.comesFrom === 'vpn' ? `${network}.${random.int(10, 200)}` : `10.90.${random.int(0, 7)}.${random.int(10, 209)}`;
} // prettier-ignore

/** A handful of statements such as it sends every day. */
export function someReads(stage: Stage) {
  const { random } = stage;
  const table = random.early(tablesOf(stage));
  const ids = Array.from({ length: random.int(3, 10) }, () => random.int(1, table.rows));
  const list = callOf(ownQuery(stage, table, 'list'), random.int(5, 50), 4_000, [String(ids[0])]);
  return [list, ...keys(stage, table, ids, 6_000)];
}
