import { budgetError, refusal } from './client-errors.js';
import { readReport } from './codec.js';
import { redactError, redactParameterStatus } from './error-redaction.js';
import { runOf, type Expectation } from './expectation.js';
import type { Run } from './run.js';
import type { TargetPort } from './target-port.js';

/** Errors, notices and parameters: results, too, for what they quote. */
export class BackendReports {
  constructor(private readonly port: TargetPort) {}

  error(frame: Buffer): void {
    const { conversation, toClient } = this.port;
    const head = conversation.expected.peek();
    if (head?.kind === 'own') {
      head.probe.error = Buffer.from(frame);
      // Inside the client's own segment: it has failed, by a cancel, and the client must know.
      if (head.probe.closes === 0) return;
      toClient.push(redactError(frame, this.redaction(undefined)));
      return conversation.skipToSync();
    }
    const run = runOf(head);
    const shown = this.shown(head, run, frame);
    if (shown && !conversation.swallowing) toClient.push(shown);
    if (run && shown) run.failed(failureOf(shown));
    conversation.copyIn = false;
    if (!head || head.kind === 'query') return;
    if (run) run.finish(run.failedAs);
    if (head.kind === 'parse') head.failed();
    conversation.skipToSync();
  }

  notice(frame: Buffer): void {
    const head = this.port.conversation.expected.peek();
    if (head?.kind === 'own') return;
    this.port.toClient.push(redactError(frame, this.redaction(runOf(head))));
  }

  parameter(frame: Buffer): void {
    const shown = redactParameterStatus(frame);
    if (shown) this.port.toClient.push(shown);
  }

  private shown(head: Expectation | undefined, run: Run | undefined, frame: Buffer): Buffer | undefined {
    if (head?.kind === 'refused') return head.error;
    if (run?.refused) return refusal(this.port.session, run.statementId, run.refused);
    if (!run?.overBudget) return redactError(frame, this.redaction(run));
    // A query string's budget error comes with its ReadyForQuery.
    return run.kind === 'query' ? undefined : budgetError(run, this.port.session);
  }

  private redaction(run: Run | undefined) {
    const catalog = this.port.catalog.current();
    return {
      statementText: run?.judgement.analysis.text ?? '',
      isCatalogName: (word: string) => catalog.isCatalogName(word),
    };
  }
}

function failureOf(frame: Buffer): { code: string; message: string } {
  const report = readReport(frame, 0, frame.length);
  return { code: report.get('C') ?? '', message: report.get('M') ?? '' };
}
