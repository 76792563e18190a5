import { createHash, type Hash } from 'node:crypto';
import type { AppError } from '#kernel';
import type {
  Execution,
  ExecutionDetails,
  GateSession,
  Judgement,
  Outcome,
  RecordedResult,
  ResultColumnRecord,
  WindowBudget,
} from '../gate/gate.js';
import type { CopyInCheck } from './copy-in.js';
import type { CopyOutMasker } from './copy-out.js';
import type { PlannedResult } from './result-plan.js';
import type { Portal, Spent } from './session-objects.js';
import type { Spending } from './spending.js';

/** Result bytes gathered before they are written as a chunk of their own. */
const chunkBytes = 64 * 1024;
/** Of frames in one event, whatever `recording.maxResultBytes` is: a row may be as long as a message. */
const mostFrameBytes = 1024 * 1024;
/** A result up to this size stands inside its outcome. */
const inlineBytes = 8 * 1024;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Empty, and shared: most runs mask nothing. */
let noCounts = new Map<string, number>();

/** Shared: most runs copy nothing. */
export const noCopies: readonly undefined[] = [];

/** What masks a COPY out, and its columns for the record. */
export interface CopyOut {
  readonly masker: CopyOutMasker;
  readonly columns: readonly ResultColumnRecord[];
}

/** One query string or Execute: what it may send, what it has sent, and its record. The target owes its answer. */
export class Run {
  /** Recorded as received; undefined while it is being decided. */
  execution: Execution | undefined;
  plan: PlannedResult | undefined;
  /** By statement of a query string. */
  copies: readonly (CopyOut | undefined)[] = noCopies;
  /** What looks at its COPY data, where values may not be sent. */
  copyIn: CopyInCheck | undefined;
  /** Why its budget ended it: nothing more of it reaches the client. */
  cut: AppError | undefined;
  /** Why its COPY data may not be sent. */
  refused: AppError | undefined;
  tag = '';
  /** Statements of a query string that have completed. */
  completed = 0;
  rows = 0;
  bytes = 0;
  private failure: { readonly sqlstate: string; readonly message: string } | undefined;
  private frames: Buffer[] = [];
  private gathered = 0;
  private gatheredRows = 0;
  private recorded = 0;
  private chunks = 0;
  private headed = false;
  private isRecordCut = false;
  private hash: Hash | undefined;
  private finished = false;
  private bounds: WindowBudget | undefined | 'not asked' = 'not asked';
  private masked: Map<string, number> | undefined;
  private revealed: Map<string, number> | undefined;

  constructor(
    readonly kind: 'query' | 'execute',
    /** As far as parameters and grants have been looked at. */
    public judgement: Judgement,
    /** How it is recorded as received. */
    readonly details: ExecutionDetails,
    /** What an Execute runs. */
    readonly portal: Portal | undefined,
    private readonly session: GateSession,
    private readonly recordBytes: number,
    private readonly spending: Spending,
  ) {}

  /** Its own, beside what its FETCHes spend of cursors. */
  get spent(): Spent {
    return this.spending.own;
  }

  /** Rows that count for the statement that the target answers now. */
  get rowsSpent(): number {
    return this.spending.rows(this.completed);
  }

  get bytesSpent(): number {
    return this.spending.bytes(this.completed);
  }

  /** Of the statement that the target answers now. */
  get copy(): CopyOut | undefined {
    return this.copies[this.completed];
  }

  get maxRows(): number {
    return this.judgement.verdict.obligations.maxRows ?? Infinity;
  }

  /** How it ends, where the target says that it failed. */
  get failedAs(): Outcome['status'] {
    if (this.cut) return 'over_budget';
    return this.refused ? 'denied' : 'error';
  }

  get overBudget(): boolean {
    return this.cut !== undefined;
  }

  /** The windows that bound it, beside its own limits. */
  get windows(): WindowBudget | undefined {
    if (this.bounds === 'not asked')
      this.bounds = this.judgement.bounded ? this.session.windows(this.judgement) : undefined;
    return this.bounds;
  }

  get maxBytes(): number {
    return this.judgement.verdict.obligations.maxBytes ?? Infinity;
  }

  /** Rows that have just gone to the client, as sent. */
  sent(frames: Buffer, rows: number): void {
    this.rows += rows;
    this.bytes += frames.length;
    this.spending.add(this.completed, rows, frames.length);
    this.windows?.spent(rows, frames.length);
    const most = Math.min(this.recordBytes - this.recorded, mostFrameBytes);
    if (this.isRecordCut || frames.length > most) return this.digestOnly(frames);
    // A copy: the socket's buffer must not be kept alive by the record.
    this.frames.push(Buffer.from(frames));
    this.gathered += frames.length;
    this.gatheredRows += rows;
    this.recorded += frames.length;
    if (this.gathered >= chunkBytes) this.flush();
  }

  /** A statement of a query string has completed: a new result begins within the same run. */
  nextResult(): void {
    this.countValues();
    if (this.gathered > 0) this.flush();
    this.plan = undefined;
    this.completed++;
    this.headed = false;
  }

  get errored(): boolean {
    return this.failure !== undefined;
  }

  get statementId(): string {
    return this.execution?.statementId ?? '';
  }

  /** The error as the client sees it. */
  failed(error: { readonly sqlstate: string; readonly message: string }): void {
    this.failure = error;
  }

  finish(status: Outcome['status']): void {
    if (this.finished || !this.execution) return;
    this.finished = true;
    this.countValues();
    const inline = this.chunks === 0 && this.gathered <= inlineBytes ? this.take() : undefined;
    if (this.gathered > 0) this.flush();
    const outcome: Writable<Outcome> = {
      status,
      commandTag: this.tag,
      rows: this.rows,
      bytes: this.bytes,
      recordingCut: this.isRecordCut,
    };
    if (this.masked) outcome.masked = this.masked;
    if (this.revealed) outcome.revealed = this.revealed;
    if (this.failure) Object.assign(outcome, this.failure);
    if (this.hash) outcome.digest = this.hash.digest();
    if (inline) outcome.result = inline;
    this.session.outcome(this.execution, outcome);
  }

  private countValues(): void {
    if (!this.plan && !this.copy) return;
    if (this.plan?.rows.reveals || this.copy?.masker.reveals) this.countRevealed();
    const counts = this.masked ?? noCounts;
    this.plan?.takeCounts(counts);
    this.copy?.masker.takeCounts(counts);
    if (this.masked || counts.size === 0) return;
    this.masked = counts;
    noCounts = new Map();
  }

  private countRevealed(): void {
    this.revealed ??= new Map();
    this.plan?.takeRevealed(this.revealed);
    this.copy?.masker.takeRevealed(this.revealed);
  }

  private digestOnly(frames: Buffer): void {
    if (this.gathered > 0) this.flush();
    this.isRecordCut = true;
    this.hash ??= createHash('sha256');
    this.hash.update(frames);
  }

  /** From the first chunk on the digest runs along, so that it covers the whole result if the record is cut. */
  private flush(): void {
    const result = this.take();
    if (!result) return;
    this.hash ??= createHash('sha256');
    this.hash.update(result.frames);
    this.session.chunk(this.execution!, this.chunks++, result);
  }

  private take(): RecordedResult | undefined {
    if (!this.plan && this.gathered === 0) return undefined;
    const result = {
      columns: this.headed ? [] : (this.plan?.columns ?? this.copy?.columns ?? []),
      frames: this.frames.length === 1 ? this.frames[0]! : Buffer.concat(this.frames),
      rowCount: this.gatheredRows,
    };
    this.headed = true;
    this.frames = [];
    this.gathered = 0;
    this.gatheredRows = 0;
    return result;
  }
}
