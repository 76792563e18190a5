import type { Agent, Table } from '../model.js';
import { queryOf } from '../world/queries.js';
import { tables } from '../world/tables.js';
import { callOf, mixedIn, sessionAt, timeOn, type IncidentKind, type Stage } from './stage.js';

/** Tables that this agent has never opened, without a deployment that would explain it. Stealthy: one statement a session. */
export const firstUse: IncidentKind = {
  ...{ kind: 'first-use', unit: 'tables', magnitudes: [1, 2, 3], days: 3 },
  suits: (agent, magnitude) => agent.profile.adHoc < 10 && strangeTo(agent).length >= magnitude,
  plant: (stage) => {
    const { agent, random, magnitude, stealthy } = stage;
    const chosen = random.shuffled(strangeTo(agent)).slice(0, magnitude);
    if (stealthy) return { touch: mixedIn(stage, chosen.flatMap((table) => looks(stage, table, 2)), 3) };
    const calls = chosen.flatMap((table) => looks(stage, table, 6));
    return { sessions: [sessionAt(stage, timeOn(stage, 0, agent.hour + random.between(0.5, 8)), calls)] };
  },
}; // prettier-ignore

function looks({ random }: Stage, table: Table, statements: number) {
  const variant = random.int(300, 900);
  return Array.from({ length: statements }, (_, i) => {
    const query = queryOf(table, i % 2 === 0 ? 'list' : 'page', variant);
    return callOf(query, random.int(5, 300), random.lognormal(9_000, 0.5), [String(random.int(1, table.rows)), '300']);
  });
} // prettier-ignore

/** On the connection that it uses most, in daily use by others. */
function strangeTo(agent: Agent): readonly Table[] {
  const own = agent.tables.map(({ table }) => table);
  return tables.filter(
    (table) => table.use === 'daily' && table.connection === own[0]?.connection && !own.includes(table),
  );
}
