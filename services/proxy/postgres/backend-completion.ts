import { budgetError, reported } from './client-errors.js';
import { backend as type, readCommandComplete, readReadyForQuery, type TransactionStatus } from './codec.js';
import { runOf, syncExpected, type Expectation } from './expectation.js';
import type { Run } from './run.js';
import { applyEffects } from './session-effects.js';
import { unexpected, type TargetPort } from './target-port.js';

const nothing = Buffer.alloc(0);

/** How statements and segments end: CommandComplete and its like, ReadyForQuery; and how those do that were cut off. */
export class BackendCompletion {
  constructor(private readonly port: TargetPort) {}

  /** CommandComplete, EmptyQueryResponse, PortalSuspended. */
  statement(code: number, head: Expectation, buffer: Buffer, start: number, end: number): void {
    const { conversation, toClient } = this.port;
    const run = runOf(head);
    // A query string has no portal to suspend.
    if (!run || (code === type.portalSuspended && head.kind === 'query'))
      return unexpected(this.port, code, head);
    if (code === type.commandComplete) run.tag = readCommandComplete(buffer, start, end);
    applyEffects(this.port, run, run.completed);
    if (run.kind === 'query') {
      run.nextResult();
      if (!run.overBudget) toClient.pushSlice(buffer, start, end);
      return;
    }
    if (run.overBudget) this.tellOverBudget(run);
    else if (!conversation.swallowing) toClient.pushSlice(buffer, start, end);
    const status = code === type.portalSuspended ? 'suspended' : 'ok';
    run.finish(run.overBudget ? 'over_budget' : status);
    conversation.shift();
  }

  ready(buffer: Buffer, start: number, end: number): void {
    const { conversation } = this.port;
    const head = conversation.expected.peek();
    const status = readReadyForQuery(buffer, start, end);
    if (head?.kind !== 'query' && head?.kind !== 'sync' && head?.kind !== 'own')
      return unexpected(this.port, type.readyForQuery, head);
    conversation.expected.shift();
    conversation.copyIn = false;
    conversation.status = status;
    this.port.namespace.became(status);
    conversation.settings.became(status);
    if (status === 'I') conversation.names.transactionEnded();
    switch (head.kind) {
      case 'own':
        head.probe.settle();
        return conversation.settled();
      case 'query':
        conversation.names.queryDone();
        return this.queryReady(head, status, buffer.subarray(start, end));
      case 'sync':
        return this.segmentReady(status, buffer, start, end);
    }
  }

  private segmentReady(status: TransactionStatus, buffer: Buffer, start: number, end: number): void {
    const { conversation, toClient } = this.port;
    if (conversation.swallowing) {
      conversation.swallowing = false;
      if (this.failTransaction(status, nothing)) return;
    }
    toClient.pushSlice(buffer, start, end);
    conversation.settled();
  }

  private queryReady(run: Run, status: TransactionStatus, frame: Buffer): void {
    const { conversation, toClient, session } = this.port;
    if (run.overBudget) {
      const error = budgetError(run, session);
      run.failed(reported(error));
      run.finish('over_budget');
      if (!run.judgement.writes && this.failTransaction(status, error)) return;
      toClient.push(error);
    } else run.finish(run.errored ? run.failedAs : 'ok');
    toClient.push(frame);
    conversation.settled();
  }

  /** The cancel came too late: the server goes on with a segment that, for the client, has failed. */
  private tellOverBudget(run: Run): void {
    const { conversation, toClient, session } = this.port;
    const error = budgetError(run, session);
    run.failed(reported(error));
    toClient.push(error);
    conversation.swallowing = true;
    // The client has sent no Sync yet: what it sends before one is for a segment that has failed.
    if (!conversation.expected.hasSync) conversation.skipping = true;
  }

  /**
   * Aborts a transaction that is still good; its ReadyForQuery then says so. Returns whether it had to. The cancel may
   * come too late, with the query done and its transaction still good. The client is told of an error, so the target's
   * transaction must fail too: otherwise a later COMMIT would commit what the client believes rolled back.
   */
  private failTransaction(status: TransactionStatus, error: Buffer): boolean {
    const { conversation } = this.port;
    if (status !== 'T' || !conversation.isQuiet) return false;
    conversation.expected.pushFront({ kind: 'refused', error }, syncExpected);
    this.port.sendFailure();
    return true;
  }
}
