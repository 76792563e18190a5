import type { Chunk, SessionEvent } from './replay.events.js';
import { clockTime, duration, indent, inline, plural, table, visible } from './render.js';

/** Where lines without a time of their own begin. */
const margin = ' '.repeat(14);

type Of<T extends SessionEvent['type']> = Extract<SessionEvent, { type: T }>;

/** Turns a session's events, one after the other, into what a person reads. */
export class ReplayRenderer {
  readonly #numbers = new Map<string, number>();
  readonly #results = new Map<string, { columns: Chunk['columns']; rows: Chunk['rows']; total: number }>();

  /** `maxRows`: the most rows shown of one statement. */
  constructor(private readonly maxRows: number) {}

  render(event: SessionEvent): string {
    const lines = this.#lines(event);
    return lines.length === 0 ? '' : `${clockTime(event.time)}  ${lines.join(`\n${margin}`)}`;
  }

  #lines(event: SessionEvent): string[] {
    switch (event.type) {
      case 'SessionStarted':
        return started(event);
      case 'StatementReceived':
        return this.#received(event);
      case 'StatementPrepared':
        return [`prepared ${inline(event.name) || '(unnamed)'}: ${continued(event.text)}`];
      case 'HoldResolved':
        return [this.#resolved(event)];
      case 'ResultChunk':
        this.#keep(event);
        return [];
      case 'StatementOutcome':
        return this.#outcome(event);
      case 'SessionEnded':
        return [
          `ended: ${inline(event.reason)}; ${plural(event.statements, 'statement')}, ${event.bytesOut} bytes out`,
        ];
    }
  }

  #received({
    statementId,
    text,
    decision,
    reason,
    policyIds,
    parameters,
    approvalId,
  }: Of<'StatementReceived'>): string[] {
    const by = policyIds.length > 0 ? ` (${inline(policyIds.join(', '))})` : '';
    const verdict = { allow: 'allowed', deny: 'DENIED', hold: 'HELD' }[decision] ?? inline(decision);
    const approval = approvalId === '' ? '' : `, ${inline(approvalId)}`;
    return [
      `${this.#number(statementId)} ${continued(text)}`,
      ...parameters.map(
        (each, i) => `$${i + 1} = ${each.null ? 'NULL' : visible(each.value)}${noteOf(each.note)}`,
      ),
      `${verdict}${reason === '' ? '' : `: ${inline(reason)}`}${by}${approval}`,
    ];
  }

  #resolved({ statementId, outcome, decidedBy, waitedUs, approvalId }: Of<'HoldResolved'>): string {
    const by = decidedBy.length > 0 ? ` by ${inline(decidedBy.join(', '))}` : '';
    return `${this.#number(statementId)} ${outcome}${by} after ${duration(waitedUs)} (${inline(approvalId)})`;
  }

  #outcome(event: Of<'StatementOutcome'>): string[] {
    const { statementId, status, commandTag, sqlstate, message, rows, bytes, durationUs, masked } = event;
    if (event.result) this.#keep({ ...event.result, statementId });
    const head = status === 'ok' ? commandTag || 'ok' : status.replaceAll('_', ' ');
    const classes = Object.entries(masked).map(([name, times]) => `${name} ×${times}`);
    const facts = [
      inline(head),
      ...(rows > 0 ? [plural(rows, 'row')] : []),
      ...(bytes > 0 ? [`${bytes} bytes`] : []),
      duration(durationUs),
      ...(classes.length > 0 ? [`masked: ${inline(classes.join(', '))}`] : []),
      ...(event.recordingCut ? ['recording cut'] : []),
    ];
    const error =
      message === '' ? [] : [`${sqlstate === '' ? '' : `${inline(sqlstate)} `}${inline(message)}`];
    return [`${this.#number(statementId)} ${facts.join(' · ')}`, ...error, ...this.#table(statementId)];
  }

  #keep({ statementId, columns, rows, rowCount }: Chunk): void {
    const result = this.#results.get(statementId) ?? { columns: [], rows: [], total: 0 };
    if (columns.length > 0) result.columns = columns;
    result.total += rowCount || rows.length;
    for (const row of rows.slice(0, this.maxRows - result.rows.length)) result.rows.push(row);
    this.#results.set(statementId, result);
  }

  /** The rows as the client saw them; a masked column's name carries its mask. */
  #table(statementId: string): string[] {
    const result = this.#results.get(statementId);
    this.#results.delete(statementId);
    if (!result || result.rows.length === 0) return [];
    const width = Math.max(result.columns.length, result.rows[0]?.values.length ?? 0);
    const headers = Array.from({ length: width }, (_, i) => headerOf(result.columns[i]));
    const rows = result.rows.map(({ values }) => values.map((each) => each.text ?? null));
    const hidden = result.total - result.rows.length;
    const more = hidden > 0 ? [`… ${plural(hidden, 'more row')} recorded (--rows all)`] : [];
    return [...table(headers, rows, { widest: 40 }).split('\n'), ...more];
  }

  #number(statementId: string): string {
    const number = this.#numbers.get(statementId) ?? this.#numbers.size + 1;
    this.#numbers.set(statementId, number);
    return `#${number}`;
  }
}

function started({
  principal,
  connection,
  sourceAddress,
  clientProgram,
  clientTls,
  sessionId,
}: Of<'SessionStarted'>): string[] {
  const person = principal.onBehalfOf === '' ? '' : ` for ${principal.onBehalfOf}`;
  const way = [sourceAddress, clientProgram, clientTls ? 'TLS' : 'no TLS']
    .filter((part) => part !== '')
    .join(', ');
  return [
    inline(`${principal.id} (${principal.kind}${person}) on ${connection}`),
    inline(`${way}; ${sessionId}`),
  ];
}

function headerOf(column: Chunk['columns'][number] | undefined): string {
  if (!column) return '';
  return column.mask === '' ? column.name : `${column.name} [${column.mask}]`;
}

function noteOf(note: string): string {
  return note === '' ? '' : ` (${inline(note)})`;
}

/** A text of several lines, the later ones under the first. */
function continued(text: string): string {
  const [first = '', ...rest] = visible(text.trim()).split('\n');
  return [first, ...rest.map((line) => indent(line, `${margin}   `))].join('\n');
}
