import { cutOff, endOfRows, isWindowShort, rowsWithin } from './backend-budget.js';
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
  private waits = false;

  /** `released`: what came while rows were held may go on. */
  constructor(
    private readonly port: TargetPort,
    private readonly released: () => void,
  ) {}

  /** Something is asked for before more may go to the client. */
  get isHeld(): boolean {
    return this.waits;
  }

  /** Does a DataRow at this place follow those that were gathered? */
  follows(buffer: Buffer, start: number): boolean {
    return this.rows === 0 || (this.buffer === buffer && this.end === start);
  }

  /** One DataRow. */
  add(buffer: Buffer, start: number, end: number): void {
    if (this.rows === 0) {
      this.buffer = buffer;
      this.start = start;
    }
    this.end = end;
    this.rows++;
  }

  /** Before another message, and at the end of a read: what was gathered goes on. */
  flush(): void {
    if (this.rows === 0 || this.waits) return;
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
    if (rows < count) this.short(run, sendEnd, count - rows);
  }

  /** Windows may give more; else it ends here. */
  private short(run: Run, from: number, rows: number): void {
    const next = endOfRows(this.buffer, from, 1) - from;
    const { windows } = run;
    if (!windows || !isWindowShort(run, next)) return this.hold(cutOff(run, this.port));
    const more = windows.more(1, next);
    if (!more) return this.hold(cutOff(run, this.port, windows.refusal(run.judgement.writes)));
    this.start = from;
    this.rows = rows;
    this.hold(more);
  }

  private hold(asked: Promise<void> | undefined): void {
    if (!asked) return;
    this.waits = true;
    this.port.pause();
    asked.then(
      () => {
        this.waits = false;
        this.flush();
        if (!this.waits) this.released();
      },
      (error: unknown) => this.port.fail(error),
    );
  }
}
