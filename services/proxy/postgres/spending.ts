import type { Spent } from './session-objects.js';

/** What budgets count of one run: its own rows and bytes, and those of the cursors that its FETCHes take from. */
export class Spending {
  constructor(
    /** Over all Executes of a portal. */
    readonly own: Spent = { rows: 0, bytes: 0 },
    /** By statement of the text. */
    private readonly cursors: readonly (Spent | undefined)[] = [],
  ) {}

  add(statement: number, rows: number, bytes: number): void {
    spend(this.own, rows, bytes);
    const cursor = this.cursors[statement];
    if (cursor) spend(cursor, rows, bytes);
  }

  rows(statement: number): number {
    return Math.max(this.own.rows, this.cursors[statement]?.rows ?? 0);
  }

  bytes(statement: number): number {
    return Math.max(this.own.bytes, this.cursors[statement]?.bytes ?? 0);
  }
}

function spend(spent: Spent, rows: number, bytes: number): void {
  spent.rows += rows;
  spent.bytes += bytes;
}
