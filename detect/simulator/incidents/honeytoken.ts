import type { Agent, Table } from '../model.js';
import { queryOf } from '../world/queries.js';
import { tables } from '../world/tables.js';
import { callOf, mixedIn, sessionAt, timeOn, type IncidentKind } from './stage.js';

/** A canary table is read. Stealthy: a row or two, within an ordinary session. */
export const honeytoken: IncidentKind = {
  ...{ kind: 'honeytoken', unit: 'rows', magnitudes: [1, 20, 400], days: 3 },
  suits: (agent, magnitude) => (canaryOf(agent)?.rows ?? 0) >= magnitude,
  plant: (stage) => {
    const { agent, random, magnitude, stealthy } = stage;
    const table = canaryOf(agent);
    if (!table) return {};
    const page = callOf(queryOf(table, 'page', 0), magnitude, 4_000, ['0', String(magnitude)]);
    if (stealthy) return { touch: mixedIn(stage, [page], 2) };
    return { sessions: [sessionAt(stage, timeOn(stage, 0, agent.hour + random.between(0, 9)), [page])] };
  },
};

function canaryOf({ tables: own }: Agent): Table | undefined {
  const home = own[0]?.table.connection;
  return tables.find(({ use, connection }) => use === 'honeytoken' && connection === home);
}
