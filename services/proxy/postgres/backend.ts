import { AppError } from '#kernel';
import type { Outbox } from '#wire';
import type { GateSession } from '../gate/gate.js';
import type { CatalogSource } from './catalog.js';
import { budgetError } from './client-errors.js';
import { backend as type, readCommandComplete, readReadyForQuery, readReport } from './codec.js';
import type { Conversation } from './conversation.js';
import { redactError, redactParameterStatus } from './error-redaction.js';
import type { Expectation } from './expectation.js';
import { rewriteRows } from './masking.js';
import { planDescription, type PlannedResult } from './result-plan.js';
import type { Run } from './run.js';
import { applyEffects } from './session-effects.js';

/** What the target's side of a session needs of the rest of it. */
export interface BackendPort {
  readonly toClient: Outbox;
  /** Stops reading the target until `resume`; what was read already comes back through `message`. */
  pause(): void;
  resume(): void;
  /** Sends the target a CancelRequest; resolves at that connection's close. */
  cancel(): Promise<void>;
  /** Has the target fail: a Describe that can't succeed and a Sync; its answer is expected by the caller. */
  sendFailure(): void;
  /** Ends the session: the target does what it should not. */
  fail(error: AppError): void;
}

/** The rows that follow each other in one buffer, handled at once. */
interface Block {
  buffer: Buffer;
  start: number;
  end: number;
  rows: number;
}

/** Target to client: every message is matched with what was asked, then forwarded, rewritten or dropped. */
export class Backend {
  private readonly block: Block = { buffer: Buffer.alloc(0), start: 0, end: 0, rows: 0 };

  constructor(
    private readonly conversation: Conversation,
    private readonly session: GateSession,
    private readonly catalog: CatalogSource,
    private readonly port: BackendPort,
  ) {}

  /** One whole message: `buffer[start]` is its type, `end` is past its last byte. */
  message(code: number, buffer: Buffer, start: number, end: number): void {
    if (code === type.dataRow) return this.row(buffer, start, end);
    this.flushRows();
    switch (code) {
      case type.noticeResponse:
        return this.notice(buffer.subarray(start, end));
      case type.parameterStatus:
        return this.parameterStatus(buffer.subarray(start, end));
      case type.notificationResponse:
        return;
      case type.errorResponse:
        return this.error(buffer.subarray(start, end));
      case type.readyForQuery:
        return this.ready(buffer, start, end);
      default:
        return this.answer(code, buffer, start, end);
    }
  }

  /** At the end of a read: rows gathered so far go on. */
  flushRows(): void {
    const { block } = this;
    if (block.rows === 0) return;
    const { buffer, start, end, rows } = block;
    block.rows = 0;
    const head = this.conversation.expected.peek();
    if (head?.kind === 'own') return;
    const run = head && runOf(head);
    if (!run) return this.unexpected(type.dataRow, head);
    if (run.overBudget || this.conversation.swallowing) return;
    if (head.kind === 'execute' && !run.plan && head.portal.plan !== 'no rows') run.plan = head.portal.plan;
    if (!run.plan) return this.unexpected(type.dataRow, head);
    this.rows(run, run.plan, buffer, start, end, rows);
  }

  private row(buffer: Buffer, start: number, end: number): void {
    const { block } = this;
    if (block.rows > 0 && (block.buffer !== buffer || block.end !== start)) this.flushRows();
    if (block.rows === 0) {
      block.buffer = buffer;
      block.start = start;
    }
    block.end = end;
    block.rows++;
  }

  private rows(
    run: Run,
    plan: PlannedResult,
    buffer: Buffer,
    start: number,
    end: number,
    count: number,
  ): void {
    const within = withinBudget(run, buffer, start, end, count);
    if (within.rows > 0) {
      const sent = rewriteRows(plan.rows, buffer, start, within.end);
      if (sent) this.port.toClient.push(sent);
      else this.port.toClient.pushSlice(buffer, start, within.end);
      run.sent(sent ?? buffer.subarray(start, within.end), within.rows);
    }
    if (within.rows < count) this.spend(run);
  }

  /** The budget is reached: a read is cancelled at the target; a write has happened and only its rows stay here. */
  private spend(run: Run): void {
    run.overBudget = true;
    if (!run.judgement.writes) this.conversation.barrier = this.port.cancel();
  }

  private answer(code: number, buffer: Buffer, start: number, end: number): void {
    const head = this.conversation.expected.peek();
    if (!head) return this.unexpected(code, head);
    if (head.kind === 'own') {
      if (code === type.rowDescription) head.probe.fields = Buffer.from(buffer.subarray(start, end));
      return;
    }
    switch (code) {
      case type.parseComplete:
        if (head.kind !== 'parse') break;
        this.conversation.statements.confirm(head.change);
        return this.forward(buffer, start, end);
      case type.bindComplete:
        if (head.kind !== 'bind') break;
        this.conversation.portals.confirm(head.change);
        return this.forward(buffer, start, end);
      case type.closeComplete:
        if (head.kind === 'close-statement') this.conversation.statements.confirm(head.change);
        else if (head.kind === 'close-portal') this.conversation.portals.confirm(head.change);
        else break;
        return this.forward(buffer, start, end);
      case type.parameterDescription:
        if (head.kind !== 'describe-statement') break;
        if (!this.conversation.swallowing) this.port.toClient.pushSlice(buffer, start, end);
        return;
      case type.rowDescription:
        return this.described(head, buffer, start, end);
      case type.noData:
        return this.noData(head, buffer, start, end);
      case type.commandComplete:
      case type.emptyQueryResponse:
      case type.portalSuspended:
        return this.complete(code, head, buffer, start, end);
      case type.copyInResponse:
        return this.copyIn(head, buffer, start, end);
      case type.copyOutResponse:
      case type.copyData:
      case type.copyDone:
        return this.copyOut(code, head, buffer, start, end);
      default:
        break;
    }
    this.unexpected(code, head);
  }

  private forward(buffer: Buffer, start: number, end: number): void {
    if (!this.conversation.swallowing) this.port.toClient.pushSlice(buffer, start, end);
    this.conversation.expected.shift();
    this.conversation.settled();
  }

  // ------------------------------------------------------------------ descriptions

  private described(head: Expectation, buffer: Buffer, start: number, end: number): void {
    if (head.kind === 'describe-statement') return this.forward(buffer, start, end);
    if (head.kind !== 'query' && head.kind !== 'describe-portal')
      return this.unexpected(type.rowDescription, head);
    const description = buffer.subarray(start, end);
    const judgement = head.kind === 'query' ? head.run.judgement : head.portal.prepared.judgement;
    const known = head.kind === 'describe-portal' ? head.portal.prepared.plan : undefined;
    const catalog = this.catalog.current();
    const plan =
      known &&
      known.catalog === catalog &&
      known.judgement === judgement &&
      known.description.equals(description)
        ? known
        : planDescription(description, undefined, { catalog, judgement, session: this.session });
    if (plan) return this.planned(head, plan, buffer, start, end);
    this.refreshThenPlan(head, Buffer.from(description), judgement);
  }

  private planned(head: Expectation, plan: PlannedResult, buffer: Buffer, start: number, end: number): void {
    if (this.conversation.swallowing) return this.plannedUnseen(head, plan);
    if (plan.notice) this.port.toClient.push(plan.notice);
    if (head.kind === 'query') {
      head.run.plan = plan;
      this.port.toClient.pushSlice(buffer, start, end);
    } else if (head.kind === 'describe-portal') {
      head.portal.plan = plan;
      head.portal.prepared.plan = plan;
      if (!head.own) this.port.toClient.pushSlice(buffer, start, end);
      this.conversation.expected.shift();
      this.conversation.settled();
    }
  }

  private plannedUnseen(head: Expectation, plan: PlannedResult): void {
    if (head.kind !== 'describe-portal') return;
    head.portal.plan = plan;
    this.conversation.expected.shift();
    this.conversation.settled();
  }

  /** An origin that the catalog does not know: no row passes until it has been read again. */
  private refreshThenPlan(head: Expectation, description: Buffer, judgement: Run['judgement']): void {
    this.port.pause();
    this.catalog
      .refresh()
      .then((catalog) => {
        const plan = planDescription(
          description,
          undefined,
          { catalog, judgement, session: this.session },
          'mask',
        )!;
        this.planned(head, plan, description, 0, description.length);
        this.port.resume();
      })
      // Also of what the plan itself throws: a rejection that nobody takes would end the process.
      .catch((cause: unknown) =>
        this.port.fail(
          new AppError('TARGET_UNREACHABLE', 'the origin of a result column could not be looked up', {
            cause,
          }),
        ),
      );
  }

  private noData(head: Expectation, buffer: Buffer, start: number, end: number): void {
    if (head.kind === 'describe-portal') {
      head.portal.plan = 'no rows';
      if (!head.own && !this.conversation.swallowing) this.port.toClient.pushSlice(buffer, start, end);
      this.conversation.expected.shift();
      return this.conversation.settled();
    }
    if (head.kind === 'describe-statement') return this.forward(buffer, start, end);
    this.unexpected(type.noData, head);
  }

  // ------------------------------------------------------------------ completion

  private complete(code: number, head: Expectation, buffer: Buffer, start: number, end: number): void {
    const run = runOf(head);
    // A query string has no portal to suspend.
    if (!run || (code === type.portalSuspended && head.kind === 'query')) return this.unexpected(code, head);
    if (code === type.commandComplete) run.tag = readCommandComplete(buffer, start, end).tag;
    if (head.kind === 'query') {
      applyEffects(this.conversation, run, run.completed++);
      run.nextResult();
      if (!run.overBudget) this.port.toClient.pushSlice(buffer, start, end);
      return;
    }
    applyEffects(this.conversation, run, 0);
    if (run.overBudget) this.tellOverBudget(run);
    else if (!this.conversation.swallowing) this.port.toClient.pushSlice(buffer, start, end);
    run.finish({
      status: run.overBudget ? 'over_budget' : code === type.portalSuspended ? 'suspended' : 'ok',
    });
    this.conversation.expected.shift();
    this.conversation.settled();
  }

  /** The cancel came too late: the server goes on with a segment that, for the client, has failed. */
  private tellOverBudget(run: Run): void {
    this.port.toClient.push(budgetError(run, this.session));
    this.conversation.swallowing = true;
    // The client has sent no Sync yet: what it sends before one is for a segment that has failed.
    if (!this.conversation.expected.hasSync) this.conversation.skipping = true;
  }

  private ready(buffer: Buffer, start: number, end: number): void {
    const { conversation } = this;
    const head = conversation.expected.peek();
    const status = readReadyForQuery(buffer, start, end);
    if (head?.kind !== 'query' && head?.kind !== 'sync' && head?.kind !== 'own')
      return this.unexpected(type.readyForQuery, head);
    conversation.expected.shift();
    conversation.copyIn = false;
    conversation.status = status;
    if (head.kind === 'query' && head.run.overBudget)
      return this.readyOverBudget(head.run, status, buffer, start, end);
    if (head.kind === 'query') head.run.finish({ status: head.run.errored ? 'error' : 'ok' });
    if (status === 'I') conversation.portals.forget((portal) => !portal.cursor);
    if (head.kind === 'sync' && conversation.swallowing) {
      conversation.swallowing = false;
      if (this.failTransaction(status, nothing)) return;
    }
    if (head.kind === 'own') head.probe.settle();
    else this.port.toClient.pushSlice(buffer, start, end);
    conversation.settled();
  }

  /**
   * The cancel may come too late, with the query done and its transaction still good. The client is told of an
   * error, so the target's transaction must fail too: otherwise a later COMMIT would commit what the client
   * believes rolled back.
   */
  private readyOverBudget(
    run: Run,
    status: 'I' | 'T' | 'E',
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    const error = budgetError(run, this.session);
    run.finish({ status: 'over_budget', sqlstate: 'WK002' });
    if (!run.judgement.writes && this.failTransaction(status, error)) return;
    this.port.toClient.push(error);
    this.port.toClient.pushSlice(buffer, start, end);
    this.conversation.settled();
  }

  /** Aborts a transaction that is still good; its ReadyForQuery then says so. Returns whether it had to. */
  private failTransaction(status: 'I' | 'T' | 'E', error: Buffer): boolean {
    if (status !== 'T' || !this.conversation.isQuiet) return false;
    this.conversation.expected.pushFront({ kind: 'refused', error }, { kind: 'sync' });
    this.port.sendFailure();
    return true;
  }

  // ------------------------------------------------------------------ copy

  private copyIn(head: Expectation, buffer: Buffer, start: number, end: number): void {
    const run = runOf(head);
    // What a client copies in goes on unread: only where the statement that was decided asked for it.
    if (!run?.judgement.effects.some((effect) => effect.type === 'copy' && effect.direction === 'in'))
      return this.unexpected(type.copyInResponse, head);
    this.conversation.copyIn = true;
    this.conversation.settled();
    // In the extended protocol the server ignores a Sync that it reads in copy mode; the client sends another.
    if (head.kind === 'execute') this.conversation.expected.dropSyncsBehindHead();
    this.port.toClient.pushSlice(buffer, start, end);
  }

  private copyOut(code: number, head: Expectation, buffer: Buffer, start: number, end: number): void {
    const run = runOf(head);
    if (!run?.copy) return this.unexpected(code, head);
    if (run.overBudget) return;
    if (code === type.copyOutResponse) return this.port.toClient.pushSlice(buffer, start, end);
    const { masker } = run.copy;
    const { output, rows } = code === type.copyData ? masker.data(buffer, start, end) : masker.done();
    if (run.spent.rows + rows > run.maxRows || run.spent.bytes + output.length > run.maxBytes)
      return this.spend(run);
    if (output.length > 0) this.port.toClient.push(output);
    run.sent(output, rows);
    if (code === type.copyDone) this.port.toClient.pushSlice(buffer, start, end);
  }

  // ------------------------------------------------------------------ errors and asides

  private error(frame: Buffer): void {
    const { conversation } = this;
    const head = conversation.expected.peek();
    if (head?.kind === 'own') {
      head.probe.error = Buffer.from(frame);
      return;
    }
    const run = head && runOf(head);
    const swapped = this.swap(head, run, frame);
    if (swapped && !this.conversation.swallowing) this.port.toClient.push(swapped);
    if (run && swapped) run.failed(failureOf(swapped));
    conversation.copyIn = false;
    if (!head || head.kind === 'query') return;
    if (head.kind === 'execute')
      head.run.finish({ status: head.run.overBudget ? 'over_budget' : 'error', ...head.run.failure });
    this.skipToSync();
  }

  private swap(head: Expectation | undefined, run: Run | undefined, frame: Buffer): Buffer | undefined {
    if (head?.kind === 'refused') return head.error;
    // A query string's budget error comes with its ReadyForQuery.
    if (run?.overBudget) return head?.kind === 'query' ? undefined : budgetError(run, this.session);
    return redactError(frame, this.redaction(run));
  }

  /** The server ignores everything up to the next Sync; so nothing of it is owed. */
  private skipToSync(): void {
    const { expected } = this.conversation;
    for (let head = expected.peek(); head && head.kind !== 'sync'; head = expected.peek()) {
      expected.shift();
      this.conversation.undo(head);
    }
    this.conversation.skipping = expected.length === 0;
    this.conversation.settled();
  }

  private notice(frame: Buffer): void {
    const head = this.conversation.expected.peek();
    if (head?.kind === 'own') return;
    this.port.toClient.push(redactError(frame, this.redaction(head && runOf(head))));
  }

  private redaction(run: Run | undefined) {
    const catalog = this.catalog.current();
    return {
      statementText: run?.judgement.analysis.text ?? '',
      isCatalogName: (word: string) => catalog.isCatalogName(word),
    };
  }

  private parameterStatus(frame: Buffer): void {
    const shown = redactParameterStatus(frame);
    if (shown) this.port.toClient.push(shown);
  }

  private unexpected(code: number, head: Expectation | undefined): void {
    const asked = head ? `while ${head.kind} was awaited` : 'unasked';
    this.port.fail(new AppError('PROTOCOL_VIOLATION', `the target sent a message of type ${code} ${asked}`));
  }
}

function failureOf(frame: Buffer): { code: string; message: string } {
  const report = readReport(frame, 0, frame.length);
  return { code: report.get('C') ?? '', message: report.get('M') ?? '' };
}

const nothing = Buffer.alloc(0);

function runOf(head: Expectation): Run | undefined {
  return head.kind === 'query' || head.kind === 'execute' ? head.run : undefined;
}

/** How much of a block of rows the run may still send. Frames: type byte, then a length that includes itself. */
function withinBudget(
  run: Run,
  buffer: Buffer,
  start: number,
  end: number,
  count: number,
): { rows: number; end: number } {
  const rowsLeft = run.maxRows - run.spent.rows;
  const bytesLeft = run.maxBytes - run.spent.bytes;
  if (count <= rowsLeft && end - start <= bytesLeft) return { rows: count, end };
  let rows = 0;
  let at = start;
  while (rows < count && rows < rowsLeft) {
    const next = at + 1 + buffer.readInt32BE(at + 1);
    if (next - start > bytesLeft) break;
    at = next;
    rows++;
  }
  return { rows, end: at };
}
