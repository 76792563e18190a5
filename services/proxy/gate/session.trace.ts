import { traceparentField } from '#events';
import type { SpanAttributes, TraceSpan, Tracing } from '#platform';
import type { ExecutionDetails, HoldAnswer, Judgement, Outcome } from './gate.js';

/* Spans of a session and its statements, with OpenTelemetry's stable names for databases. No text, literal, parameter,
   value or identity is in one; a table's name only where the target has such a table. */

/** Of one session; there is none where traces are off. */
export class SessionTrace {
  private readonly session: TraceSpan | undefined;
  private judged: { readonly judgement: Judgement; readonly from: number; readonly to: number } | undefined;
  /** Recorded, and not on their way to the target yet. */
  private unsent: StatementTrace[] = [];

  private constructor(
    private readonly tracing: Tracing,
    private readonly about: SpanAttributes,
  ) {
    this.session = tracing.sampled(() => ({ name: 'session', kind: 'server', attributes: about }));
  }

  static of(tracing: Tracing, sessionId: string, connection: string): SessionTrace | undefined {
    if (!tracing.isOn) return undefined;
    const about = {
      'db.system.name': 'postgresql',
      'db.namespace': connection,
      'weir.session.id': sessionId,
    };
    return new SessionTrace(tracing, about);
  }

  /** Judging belongs to the statement that is recorded next, if that is the one. */
  judging(judge: () => Judgement): Judgement {
    const from = performance.now();
    const judgement = judge();
    this.judged = { judgement, from, to: performance.now() };
    return judgement;
  }

  /** Undefined: not sampled. */
  received(
    statementId: string,
    judgement: Judgement,
    { decision = judgement.verdict.decision }: ExecutionDetails,
  ): StatementTrace | undefined {
    const judged = this.judged?.judgement === judgement ? this.judged : undefined;
    this.judged = undefined;
    const span = this.tracing.sampled(() => {
      const query = aboutQuery(judgement);
      const weir = { 'weir.statement.id': statementId, 'weir.decision': decision };
      return {
        ...{
          name: query['db.query.summary'],
          kind: 'server',
          attributes: { ...this.about, ...query, ...weir },
        },
        ...(judged && { at: judged.from }),
        links: this.session ? [this.session.traceparent] : [],
      };
    });
    if (!span) return undefined;
    if (judged) span.child('decide', { at: judged.from }).end({ at: judged.to });
    const trace = new StatementTrace(span, { ...this.about, ...aboutQuery(judgement) });
    this.unsent.push(trace);
    return trace;
  }

  forwarded(): void {
    if (this.unsent.length === 0) return;
    for (const trace of this.unsent) trace.forwarded();
    this.unsent = [];
  }

  ended(statements: number): void {
    this.session?.set({ 'weir.statements': statements });
    this.session?.end();
  }
}

export class StatementTrace {
  /** Of each of its events' envelopes. */
  readonly field: Buffer;
  private sentAt: number | undefined;
  private isOver = false;
  private isHeld = false;

  constructor(
    private readonly span: TraceSpan,
    private readonly about: SpanAttributes,
  ) {
    this.field = traceparentField(span.traceparent);
  }

  forwarded(): void {
    if (!this.isOver && !this.isHeld) this.sentAt ??= performance.now();
  }

  /** A person is asked. */
  async held(wait: Promise<HoldAnswer>): Promise<HoldAnswer> {
    const span = this.span.child('hold');
    this.isHeld = true;
    try {
      const answer = await wait;
      span.set({ 'weir.hold.outcome': answer.outcome, 'weir.approval.id': answer.approvalId });
      span.end();
      // What goes to the target from now on is this.
      if (answer.outcome === 'approved') this.sentAt = performance.now();
      return answer;
    } catch (error) {
      span.end({ error: 'hold' });
      throw error;
    }
  }

  /** Masking goes along with the target's rows, so that it has no time of its own; what it did is said. */
  outcome({ status, sqlstate, rows = 0, bytes = 0, masked }: Outcome): void {
    this.isOver = true;
    const values = [...(masked?.values() ?? [])].reduce((sum, count) => sum + count, 0);
    const classes = [...(masked?.keys() ?? [])].join(',');
    const result = {
      ...(sqlstate !== undefined && { 'db.response.status_code': sqlstate }),
      ...(values > 0 && { 'weir.masked.values': values, 'weir.masked.classes': classes }),
    };
    const error = status === 'ok' || status === 'suspended' ? undefined : (sqlstate ?? status);
    if (this.sentAt !== undefined) {
      const target = this.span.child('target', { kind: 'client', attributes: this.about, at: this.sentAt });
      target.set(result);
      target.end({ error });
    }
    this.span.set({ ...result, 'weir.outcome': status, 'weir.rows': rows, 'weir.bytes': bytes });
    this.span.end({ error });
  }
}

/** Of low cardinality, and of nothing that a client can make up: kinds are the parser's, tables the target's. */
function aboutQuery(judgement: Judgement): SpanAttributes & { readonly 'db.query.summary': string } {
  const { analysis, tables, objects, unknownRelations } = judgement;
  const kinds = [...new Set(analysis.statements.map(({ kind }) => kind.toUpperCase()))];
  const operation = kinds.length === 1 ? kinds[0]! : kinds.length === 0 ? 'UNKNOWN' : 'BATCH';
  const known = unknownRelations.length === 0 && objects.length >= tables.length ? tables : [];
  const [only] = known;
  return {
    'db.operation.name': operation,
    'db.query.summary': [operation, ...known.slice(0, mostTables)].join(' '),
    ...(known.length === 1 && only !== undefined && { 'db.collection.name': only }),
    ...(analysis.fingerprint !== '' && { 'weir.query.fingerprint': analysis.fingerprint }),
  };
}

const mostTables = 5;
