import { hour } from '../calendar.js';
import type { Agent, Call } from '../model.js';
import { maskedColumns } from './statement.record.js';

/** Different values of a masked column that the gate lets an agent look up in an hour. */
const lookupLimit = 200;

/** What a session's look-ups leave used of the window; those of the agent's other sessions are not counted here. */
export class LookupWindow {
  private readonly columns = new Map<string, Map<string, number>>();

  constructor(private readonly agent: Agent) {}

  /** Of a statement that looks nothing up: nothing. */
  use({ query, parameters, fate }: Call, at: number): { lookupsUsed?: bigint; lookupsLimit?: bigint } {
    const [column] = query.columns;
    if (query.shape !== 'lookup' || fate === 'denied' || column === undefined) return {};
    if (!maskedColumns(query, this.agent).includes(column)) return {};
    const key = `${query.table.name}.${column.name}`;
    const seen = this.columns.get(key) ?? new Map<string, number>();
    this.columns.set(key, seen);
    for (const value of parameters) seen.set(value, at);
    const used = [...seen.values()].filter((time) => at - time < hour).length;
    return { lookupsUsed: BigInt(Math.min(used, lookupLimit)), lookupsLimit: BigInt(lookupLimit) };
  }
}
