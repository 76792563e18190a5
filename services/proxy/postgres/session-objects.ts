import type { Judgement, Parameter } from '../gate/gate.js';
import type { Format } from './codec.js';
import type { SearchPath } from './catalog.js';
import type { PlannedResult } from './result-plan.js';

/** A prepared statement: by Parse, or by SQL's PREPARE (they share their names). */
export interface Prepared {
  readonly name: string;
  readonly text: string;
  /** What it was judged to be at Parse; judged again at each Execute. */
  judgement: Judgement;
  /** Types the client declared in Parse, part of what an approval binds to. */
  readonly parameterTypes: readonly number[];
  /** The last plan made for it, and the RowDescription it was made from. */
  plan: PlannedResult | undefined;
  /**
   * PREPARE or DECLARE made it, and `text` has that: running it is what stands inside, and does to names nothing of what
   * the text did.
   */
  readonly bySql: boolean;
  /** Which statement of the text it is. */
  readonly place: number;
  /** An Execute of it was decided: that one's record has its text. */
  executed: boolean;
}

/** A portal: by Bind, or a cursor by DECLARE (they share their names). */
export interface Portal {
  readonly name: string;
  readonly prepared: Prepared;
  readonly parameters: readonly Parameter[];
  readonly resultFormats: readonly Format[];
  readonly cursor: boolean;
  /** The search_path when it was made: its names were resolved then. */
  readonly path: SearchPath;
  /** Rows and bytes over all its Executes and FETCHes: what budgets count. */
  readonly spent: Spent;
  /** Known once a Describe of it was answered. */
  plan: PlannedResult | 'no rows' | undefined;
  /** The namespace for which that Describe was asked. */
  describedFor: object | undefined;
  /** The number of the decision that has it described: asking twice is for nothing. */
  describedIn: number;
}

export interface Spent {
  rows: number;
  bytes: number;
}

export function newPrepared(
  name: string,
  judgement: Judgement,
  parameterTypes: readonly number[],
  bySql = false,
  place = 0,
): Prepared {
  return {
    name,
    text: judgement.analysis.text,
    judgement,
    parameterTypes,
    plan: undefined,
    bySql,
    place,
    executed: false,
  };
}

/** What DECLARE made. */
export function newCursor(
  name: string,
  judgement: Judgement,
  spent: Spent,
  path: SearchPath,
  place: number,
): Portal {
  const prepared = newPrepared('', judgement, [], true, place);
  return newPortal(name, prepared, [], [], path, true, spent);
}

export function newPortal(
  name: string,
  prepared: Prepared,
  parameters: readonly Parameter[],
  resultFormats: readonly Format[],
  path: SearchPath,
  cursor = false,
  spent: Spent = { rows: 0, bytes: 0 },
): Portal {
  return {
    name,
    prepared,
    parameters,
    resultFormats,
    cursor,
    path,
    spent,
    plan: undefined,
    describedFor: undefined,
    describedIn: 0,
  };
}
