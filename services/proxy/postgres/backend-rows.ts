import { backend as type } from './codec.js';
import { runOf } from './expectation.js';
import { rewriteRows } from './masking.js';
import type { PlannedResult } from './result-plan.js';
import type { Run } from './run.js';
import { unexpected, type TargetPort } from './target-port.js';

const noBuffer = Buffer.alloc(0);

/** Rows that follow each other in one buffer are handled at once: masked, counted, and sent as one piece. */
export class BackendRows {
  private buffer: Buffer = noBuffer;
  private start = 0;
  private end = 0;
  private rows = 0;

  constructor(private readonly port: TargetPort) {}

  /** One DataRow. */
  add(buffer: Buffer, start: number, end: number): void {
    if (this.rows > 0 && (this.buffer !== buffer || this.end !== start)) this.flush();
    if (this.rows === 0) {
      this.buffer = buffer;
      this.start = start;
    }
    this.end = end;
    this.rows++;
  }

  /** Before another message, and at the end of a read: what was gathered goes on. */
  flush(): void {
    if (this.rows === 0) return;
    const { rows } = this;
    this.rows = 0;
    const head = this.port.conversation.expected.peek();
    if (head?.kind === 'own') {
      head.probe.row = Buffer.from(this.buffer.subarray(this.start, this.end));
      return;
    }
    const run = runOf(head);
    if (!run) return unexpected(this.port, type.dataRow, head);
    if (run.overBudget || this.port.conversation.swallowing) return;
    if (run.portal && !run.plan && run.portal.plan !== 'no rows') run.plan = run.portal.plan;
    if (!run.plan) return unexpected(this.port, type.dataRow, head);
    this.send(run, run.plan, rows);
  }

  private send(run: Run, plan: PlannedResult, count: number): void {
    const { buffer, start, end } = this;
    const rows = rowsWithin(run, buffer, start, end, count);
    const sendEnd = rows === count ? end : endOfRows(buffer, start, rows);
    if (rows > 0) {
      const rewritten = rewriteRows(plan.rows, buffer, start, sendEnd);
      if (rewritten) this.port.toClient.push(rewritten);
      else this.port.toClient.pushSlice(buffer, start, sendEnd);
      run.sent(rewritten ?? buffer.subarray(start, sendEnd), rows);
    }
    if (rows < count) cutOff(run, this.port);
  }
}

/** The budget is reached: a read is cancelled at the target; a write has happened and only its rows stay here. */
export function cutOff(run: Run, { conversation, cancel }: TargetPort): void {
  run.overBudget = true;
  if (!run.judgement.writes) conversation.barrier = cancel();
}

/** How many of a block's rows the run may still send. */
function rowsWithin(run: Run, buffer: Buffer, start: number, end: number, count: number): number {
  const rowsLeft = run.maxRows - run.spent.rows;
  const bytesLeft = run.maxBytes - run.spent.bytes;
  if (count <= rowsLeft && end - start <= bytesLeft) return count;
  let rows = 0;
  for (let at = start; rows < count && rows < rowsLeft; rows++) {
    at = endOfRows(buffer, at, 1);
    if (at - start > bytesLeft) break;
  }
  return rows;
}

/** Frames: a type byte, then a length that includes itself. */
function endOfRows(buffer: Buffer, start: number, rows: number): number {
  let at = start;
  for (let i = 0; i < rows; i++) at += 1 + buffer.readInt32BE(at + 1);
  return at;
}
