import { BackendCompletion } from './backend-completion.js';
import { BackendCopy } from './backend-copy.js';
import { BackendDescriptions } from './backend-descriptions.js';
import { BackendReports } from './backend-reports.js';
import { BackendRows } from './backend-rows.js';
import { backend as type } from './codec.js';
import type { Probe } from './questions.js';
import type { Message } from './units.js';
import { unexpected, type TargetPort } from './target-port.js';

/** Target to client: every message is matched with what was asked, then forwarded, rewritten or dropped. */
export class Backend {
  private readonly rows: BackendRows;
  private deferred: Message[] = [];
  private readonly descriptions: BackendDescriptions;
  private readonly completion: BackendCompletion;
  private readonly copy: BackendCopy;
  private readonly reports: BackendReports;

  constructor(private readonly port: TargetPort) {
    this.rows = new BackendRows(port, () => this.goOn());
    this.descriptions = new BackendDescriptions(port);
    this.completion = new BackendCompletion(port);
    this.copy = new BackendCopy(port);
    this.reports = new BackendReports(port);
  }

  /** One whole message: `buffer[start]` is its type, `end` is past its last byte. */
  message(code: number, buffer: Buffer, start: number, end: number): void {
    if (code === type.dataRow && this.rows.follows(buffer, start)) return this.rows.add(buffer, start, end);
    this.rows.flush();
    // Its place is behind the rows that wait.
    if (this.rows.isHeld) return void this.deferred.push({ code, buffer, start, end });
    switch (code) {
      case type.dataRow:
        return this.rows.add(buffer, start, end);
      case type.noticeResponse:
        return this.reports.notice(buffer.subarray(start, end));
      case type.parameterStatus:
        return this.reports.parameter(buffer.subarray(start, end));
      case type.notificationResponse:
        return this.reports.notification(buffer.subarray(start, end));
      case type.errorResponse:
        return this.reports.error(buffer.subarray(start, end));
      case type.readyForQuery:
        return this.completion.ready(buffer, start, end);
      default:
        return this.answer(code, buffer, start, end);
    }
  }

  /** At the end of a read: rows gathered so far go on. */
  flushRows(): void {
    this.rows.flush();
  }

  private goOn(): void {
    const { deferred } = this;
    this.deferred = [];
    for (const { code, buffer, start, end } of deferred) this.message(code, buffer, start, end);
    this.rows.flush();
    if (!this.rows.isHeld) this.port.resume();
  }

  private answer(code: number, buffer: Buffer, start: number, end: number): void {
    const head = this.port.conversation.expected.peek();
    if (!head) return unexpected(this.port, code, head);
    if (head.kind === 'own') {
      return this.own(code, head.probe, buffer.subarray(start, end));
    }
    switch (code) {
      case type.parseComplete:
      case type.bindComplete:
      case type.closeComplete:
        if (head.kind !== nameAnswer(code)) break;
        head.confirm();
        return this.forward(buffer, start, end);
      case type.parameterDescription:
        if (head.kind !== 'describe-statement') break;
        if (!this.port.conversation.swallowing) this.port.toClient.pushSlice(buffer, start, end);
        return;
      case type.rowDescription:
        return this.descriptions.rows(head, buffer, start, end);
      case type.noData:
        return this.descriptions.noRows(head, buffer, start, end);
      case type.commandComplete:
      case type.emptyQueryResponse:
      case type.portalSuspended:
        return this.completion.statement(code, head, buffer, start, end);
      case type.copyInResponse:
        return this.copy.in(head, buffer, start, end);
      case type.copyOutResponse:
      case type.copyData:
      case type.copyDone:
        return this.copy.out(code, head, buffer, start, end);
      default:
        break;
    }
    unexpected(this.port, code, head);
  }

  /** An answer to the gate's own question. */
  private own(code: number, probe: Probe, frame: Buffer): void {
    if (code === type.rowDescription) probe.fields = Buffer.from(frame);
    if (code !== type.closeComplete || probe.closes === 0 || --probe.closes > 0) return;
    this.port.conversation.shift();
    probe.settle();
  }

  private forward(buffer: Buffer, start: number, end: number): void {
    if (!this.port.conversation.swallowing) this.port.toClient.pushSlice(buffer, start, end);
    this.port.conversation.shift();
  }
}

function nameAnswer(code: number): 'parse' | 'bind' | 'close' {
  if (code === type.parseComplete) return 'parse';
  return code === type.bindComplete ? 'bind' : 'close';
}
