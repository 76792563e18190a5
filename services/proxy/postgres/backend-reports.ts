import { budgetError, refusal, reported } from './client-errors.js';
import {
  classifyError,
  classifyNotification,
  redactError,
  redactParameterStatus,
  type Classify,
} from './error-redaction.js';
import { runOf, type Expectation } from './expectation.js';
import type { Run } from './run.js';
import type { TargetPort } from './target-port.js';

/** Errors, notices, notifications and parameters: results, too, for what they quote. */
export class BackendReports {
  constructor(private readonly port: TargetPort) {}

  error(frame: Buffer): void {
    const { conversation, toClient } = this.port;
    const head = conversation.expected.peek();
    if (head?.kind === 'own') {
      head.probe.error = Buffer.from(frame);
      // Inside the client's own segment: it has failed, by a cancel, and the client must know.
      if (head.probe.closes === 0) return;
      toClient.push(this.report(frame, undefined));
      return conversation.skipToSync();
    }
    const run = runOf(head);
    const shown = this.shown(head, run, frame);
    if (shown && !conversation.swallowing) toClient.push(shown);
    if (run && shown) run.failed(reported(shown));
    conversation.copyIn = false;
    if (!head || head.kind === 'query') return;
    if (run) run.finish(run.failedAs);
    if (head.kind === 'parse') head.failed();
    conversation.skipToSync();
  }

  notice(frame: Buffer): void {
    const head = this.port.conversation.expected.peek();
    if (head?.kind === 'own') return;
    this.port.toClient.push(this.report(frame, runOf(head)));
  }

  /** Another session's words; dropped where they might be a masked column's value. */
  notification(frame: Buffer): void {
    const classify = this.classifyOnly();
    if (classify) this.port.toClient.push(classifyNotification(frame, classify));
  }

  parameter(frame: Buffer): void {
    const shown = redactParameterStatus(frame);
    if (shown) this.port.toClient.push(shown);
  }

  private shown(head: Expectation | undefined, run: Run | undefined, frame: Buffer): Buffer | undefined {
    if (head?.kind === 'refused') return head.error;
    if (run?.refused) return refusal(this.port.session, run.statementId, run.refused);
    if (!run?.overBudget) return this.report(frame, run);
    // A query string's budget error comes with its ReadyForQuery.
    return run.kind === 'query' ? undefined : budgetError(run, this.port.session);
  }

  /** An error or notice of the target as the client may see it. */
  private report(frame: Buffer, run: Run | undefined): Buffer {
    const classify = this.classifyOnly();
    if (classify) return classifyError(frame, classify);
    const catalog = this.port.catalog.current();
    return redactError(frame, {
      statementText: run?.judgement.analysis.text ?? '',
      isCatalogName: (word: string) => catalog.isCatalogName(word),
    });
  }

  /** Where no rule can mask a column of this connection, the classifiers alone decide. */
  private classifyOnly(): Classify | undefined {
    const { session } = this.port;
    const masking = session.masking();
    return masking.masksNothingOn(session.target.name) ? (text) => masking.maskText(text) : undefined;
  }
}
