import type { AppError } from '#kernel';
import { cutOff } from './backend-budget.js';
import { backend as type } from './codec.js';
import { runOf, type Expectation } from './expectation.js';
import type { Run } from './run.js';
import { unexpected, type TargetPort } from './target-port.js';

/** COPY in both directions, as the target tells of it. */
export class BackendCopy {
  constructor(private readonly port: TargetPort) {}

  /** The target takes copy data now. */
  in(head: Expectation, buffer: Buffer, start: number, end: number): void {
    const { conversation, toClient } = this.port;
    const effects = runOf(head)?.judgement.effects;
    // What a client copies in goes on unread: only where the statement that was decided asked for it.
    if (!effects?.some((effect) => effect.type === 'copy' && effect.direction === 'in'))
      return unexpected(this.port, type.copyInResponse, head);
    conversation.copyIn = true;
    conversation.settled();
    // In the extended protocol the server ignores a Sync that it reads in copy mode; the client sends another.
    if (head.kind === 'execute') conversation.expected.dropSyncsBehindHead();
    toClient.pushSlice(buffer, start, end);
  }

  private cutOff(run: Run, error?: AppError): void {
    const asked = cutOff(run, this.port, error);
    if (asked) this.whilePaused(asked, () => undefined);
  }

  private whilePaused(wait: Promise<void>, then: () => void): void {
    const { port } = this;
    port.pause();
    wait.then(then).then(
      () => port.resume(),
      (error: unknown) => port.fail(error),
    );
  }

  /** CopyOutResponse, CopyData, CopyDone. */
  out(code: number, head: Expectation, buffer: Buffer, start: number, end: number): void {
    const { toClient } = this.port;
    const run = runOf(head);
    if (!run?.copy) return unexpected(this.port, code, head);
    if (run.overBudget) return;
    const { masker, columns } = run.copy;
    if (code === type.copyOutResponse) {
      // Behind the format stands the number of columns: a plan for other columns would mask the wrong ones.
      if (end - start < 8 || buffer.readInt16BE(start + 6) !== columns.length)
        return unexpected(this.port, code, head);
      return toClient.pushSlice(buffer, start, end);
    }
    const { output, rows } = code === type.copyData ? masker.data(buffer, start, end) : masker.done();
    this.deliver(run, output, rows, code === type.copyDone ? buffer.subarray(start, end) : undefined);
  }

  /** `last`: what follows the last of it. */
  private deliver(run: Run, output: Buffer, rows: number, last: Buffer | undefined): void {
    const { toClient } = this.port;
    const { windows } = run;
    if (run.rowsSpent + rows > run.maxRows || run.bytesSpent + output.length > run.maxBytes)
      return this.cutOff(run);
    if (windows && (windows.rowsLeft() < rows || windows.bytesLeft() < output.length)) {
      const more = windows.more(rows, output.length);
      if (!more) return this.cutOff(run, windows.refusal(false));
      return this.whilePaused(more, () => this.deliver(run, output, rows, last));
    }
    if (output.length > 0) toClient.push(output);
    run.sent(output, rows);
    if (last) toClient.push(last);
  }
}
