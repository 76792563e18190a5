import { denied } from '../agents/calls.js';
import type { Call, Table } from '../model.js';
import { queryOf } from '../world/queries.js';
import { callOf, mixedIn, sessionAt, tablesOf, timeOn, type IncidentKind, type Stage } from './stage.js';

/**
 * What is refused is tried again in other words, until something passes; then look-ups, close to what an hour's window
 * lets through (200). Stealthy: a refusal and what passes in its place, now and then, over five days.
 */
export const probing: IncidentKind = {
  ...{ kind: 'probing', unit: 'refusals', magnitudes: [6, 20, 60], days: 5 },
  suits: ({ tables }) => tables[0] !== undefined && tables[0].fromBuild === 0 && isClassed(tables[0].table),
  plant: (stage) => {
    const { agent, random, magnitude, stealthy } = stage;
    const table = random.pick(tablesOf(stage).filter(isClassed)) ?? tablesOf(stage)[0];
    if (!table) return {};
    const tries = Array.from({ length: magnitude }, (_, i) => denied(agent, table, 200 + i, random));
    if (stealthy) return { touch: mixedIn(stage, tries.flatMap((call) => [call, allowed(stage, table, 1)]), 5) };
    const lookups = Array.from({ length: Math.min(190, magnitude * 9) }, () => allowed(stage, table, 1));
    const at = timeOn(stage, 0, agent.hour + random.between(0.5, 8));
    return { sessions: [sessionAt(stage, at, [...tries, ...lookups])] };
  },
}; // prettier-ignore

function allowed({ random }: Stage, table: Table, rows: number): Call {
  return callOf(queryOf(table, 'lookup', 0), rows, random.lognormal(7_000, 0.6), [random.hex(8)]);
}

const isClassed = ({ columns }: Table): boolean => columns.some(({ dataClass }) => dataClass !== '');
