import type { AppError, ErrorCode, Principal } from '#kernel';
import type { MaskingSet } from '#masking';
import type {
  Analysis,
  Inbound,
  MaskedLookup,
  Names,
  RelationName,
  SessionEffect,
  StatementResult,
  Understanding,
} from '#statement';
import type { Verdict } from '#policy-engine';
import type { WindowBudget } from './budget/window-budget.js';
import type { CommitWaiter } from './commit-group.js';
import type { StatementTrace } from './session.trace.js';

export type { WindowBudget } from './budget/window-budget.js';
export type { CommitWaiter } from './commit-group.js';

/** What a client brings to the door. */
export interface Knock {
  readonly protocol: 'postgres';
  readonly token: string;
  readonly connection: string;
  /** `address:port` of the socket. */
  readonly sourceAddress: string;
  readonly clientTls: boolean;
  /** What the client says of itself; recorded, never trusted. */
  readonly clientProgram: string;
  readonly clientUser: string;
}

/** Where a session goes, with the credential the client never sees. */
export interface TargetAddress {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly tls: 'disable' | 'require' | 'verify-full';
  readonly tlsCa?: string;
  readonly allowPrivileged: boolean;
  readonly owner: string;
  /** Served by Weirkeeper itself (the demo): its name is nobody else's to register. */
  readonly isHouse?: boolean;
}

/** The names of the target as they stand now; a new object whenever the catalog changes. */
export interface Namespace {
  /** Its identity: what is kept by this keeps no catalog alive. */
  readonly key: object;
  /** For one who may read these classes in the clear; the same object where `reveals` answers the same. */
  namesFor(reveals: (dataClass: string) => boolean): Names;
  /** `oid`: what tells it from another of the same name, before or after. */
  resolve(
    name: RelationName,
  ): readonly { readonly schema: string; readonly name: string; readonly oid?: number }[];
  /** What is read through a relation, by its OID: what a view selects from, what a partition or child is one of. */
  through?(oid: number): readonly { readonly schema: string; readonly name: string }[];
}

/** The one gate that every protocol passes. */
export interface Gate {
  /**
   * Verifies the token and names the target. Throws TOKEN_INVALID, TOKEN_EXPIRED, STALE_SNAPSHOT, CONNECTION_UNKNOWN,
   * SHUTTING_DOWN.
   */
  open(knock: Knock): Promise<GateSession>;
  /** To be told what a client was refused with that has no session. */
  refused(code: ErrorCode): void;
}

/** A text, judged for one principal on one connection against one policy snapshot and one namespace. */
export interface Judgement {
  readonly analysis: Analysis;
  readonly verdict: Verdict;
  /** No masked relation is touched: results need the value classifiers only. */
  readonly clean: boolean;
  /**
   * What each output column carries, by statement of the text; for EXECUTE and FETCH that of what they run. A statement
   * that is refused, or not understood, has none.
   */
  readonly results: readonly StatementResult[];
  readonly returnsRows: boolean;
  readonly writes: boolean;
  readonly effects: readonly SessionEffect[];
  /** The fields of StatementReceived that do not change from one execution to the next, encoded. */
  readonly recorded: Uint8Array;
  /** The text as records may show it. */
  readonly recordedText: string;
  /** The text and, below EXECUTE or FETCH, the text that these run: what an approver must see and approves. */
  readonly exactText: string;
  readonly tables: readonly string[];
  /** Data classes of the columns that it touches, also where this principal may read them in the clear. */
  readonly classes: readonly string[];
  /** The relations that it names, by OID: what an approval binds to. */
  readonly objects: readonly string[];
  /** Values that are compared with masked columns; parameters count when they are known. */
  readonly lookups: readonly MaskedLookup[];
  /** Literals and parameters that the text carries to the target. */
  readonly inbound: Inbound;
  /** Nothing of the decision depends on parameters or on grants: `forExecution` gives it back as it is. */
  readonly settled: boolean;
  /** A budget may cut its result off: rows, bytes or a window of either. */
  readonly bounded: boolean;
  /** It is asked for beyond its budget: another thing to approve than the same text within it. */
  readonly excess?: boolean;
  /** It touches a relation with masked columns, or a classified one that this principal may read in the clear. */
  readonly sensitive: boolean;
  /** Relations that the namespace did not know: it may be stale. */
  readonly unknownRelations: readonly string[];
  /** The text is no SQL: where it goes wrong, in characters from 1, or 0. */
  readonly syntaxErrorAt?: number;
}

export interface JudgeRequest {
  readonly text: string;
  readonly namespace: Namespace;
  readonly inTransaction: boolean;
  /** What EXECUTE and FETCH refer to; undefined if the session has no such statement or cursor. */
  readonly lookup: (effect: SessionEffect) => Judgement | undefined;
  /** Long texts that were read for it. */
  readonly read?: readonly ReadText[] | undefined;
}

/** A long text as it was understood, and in which names. */
export interface ReadText {
  readonly text: string;
  readonly names: Names;
  readonly found: Understanding;
}

export interface Parameter {
  /** Text as sent; for binary the bytes in hex after `\x`. */
  readonly value: string | null;
  readonly format: 0 | 1;
}

export interface Execution {
  readonly statementId: string;
  readonly startedAt: number;
  readonly judgement: Judgement;
  /** Where it is traced. */
  readonly trace?: StatementTrace | undefined;
}

export interface ExecutionDetails {
  readonly how: 'simple' | 'extended' | 'function';
  readonly parameters: readonly Parameter[];
  readonly portal: string;
  readonly approvalId?: string;
  /** Replaces the verdict's decision in the record, e.g. a hold that was approved runs as `allow`. */
  readonly decision?: 'allow' | 'deny' | 'hold';
  readonly reason?: string;
}

export interface ResultColumnRecord {
  readonly name: string;
  readonly typeOid: number;
  readonly format: 0 | 1;
  readonly mask: string;
  readonly class: string;
}

export interface Outcome {
  readonly status:
    'ok' | 'error' | 'denied' | 'held' | 'cancelled' | 'suspended' | 'over_budget' | 'skipped' | 'unknown';
  readonly commandTag?: string;
  readonly sqlstate?: string;
  readonly message?: string;
  readonly rows?: number;
  readonly bytes?: number;
  readonly masked?: ReadonlyMap<string, number>;
  /** Values in the clear, by the class that policy reveals. */
  readonly revealed?: ReadonlyMap<string, number>;
  readonly digest?: Uint8Array;
  readonly recordingCut?: boolean;
  readonly result?: RecordedResult;
}

/** A piece of result as the client saw it. */
export interface RecordedResult {
  readonly columns: readonly ResultColumnRecord[];
  /** The protocol's own row messages, whole, as sent. */
  readonly frames: Uint8Array;
  readonly rowCount: number;
}

/** What the target's planner expects of an execution, or why it was not asked. Rows: returned or changed. */
export type Estimate = { readonly rows: number; readonly cost: number } | { readonly unavailable: string };

/** What to hold, and what exactly it binds to. */
export interface HoldRequest {
  readonly execution: Execution;
  readonly parameters: readonly Parameter[];
  /** Everything that makes this execution this one and no other (role, database, search_path, types, formats). */
  readonly circumstances: string;
  /** May the session pause here, or must the client come back? */
  readonly mayWait: boolean;
  /** Called once the request stands in the log and before the wait begins. */
  readonly announce: (hold: HoldNotice) => void;
  /** Aborted when the client goes away or cancels. */
  readonly signal: AbortSignal;
  /** Called where somebody new is asked, once the execution is recorded. Never rejects; takes some seconds at most. */
  readonly estimate: () => Promise<Estimate>;
}

export interface HoldNotice {
  readonly approvalId: string;
  readonly link: string;
  readonly approvers: readonly string[];
  readonly reason: string;
}

export type HoldAnswer =
  | { readonly outcome: 'approved'; readonly approvalId: string; readonly decidedBy: readonly string[] }
  | {
      readonly outcome: 'denied';
      readonly approvalId: string;
      readonly decidedBy: readonly string[];
      readonly reason: string;
    }
  | { readonly outcome: 'retry' | 'expired' | 'withdrawn'; readonly approvalId: string };

/** What is asked of a judgement when it is about to be executed. */
export interface ExecutionRequest {
  readonly judgement: Judgement;
  readonly parameters: readonly Parameter[];
  /** As in HoldRequest; called only where it is needed. */
  readonly circumstances: () => string;
  /** The execution that was held for this very message, once it was: its judgement is what was asked about. */
  readonly held?: Execution | undefined;
}

/** A read that a budget stopped. */
export interface ExcessRequest {
  readonly execution: Execution;
  readonly parameters: readonly Parameter[];
  readonly circumstances: string;
  /** What the client would be told without anybody to ask. */
  readonly error: AppError;
  /** As in HoldRequest. */
  readonly estimate: () => Promise<Estimate>;
}

/** `now`: whatever runs or waits is given up. `idle`: at the session's next idle point. */
export type EndTime = 'now' | 'idle';

/** One client's session, after the door. */
export interface GateSession {
  readonly id: string;
  readonly principal: Principal;
  readonly target: TargetAddress;
  /** Opens the record. Call once the target has accepted. */
  started(): void;
  judge(request: JudgeRequest): Judgement;
  /** Would judging it now hold up other sessions? Then `read` is to be awaited before. */
  mustRead(request: JudgeRequest): boolean;
  /** Reads a long text elsewhere. Never rejects: what can't be read is refused when it is judged. */
  read(text: string, namespace: Namespace): Promise<ReadText>;
  /** Has anything changed since (policies, masking, the hour)? Then judge again. */
  stillHolds(judgement: Judgement, namespace: Namespace, inTransaction: boolean): boolean;
  /**
   * The judgement with which this execution goes on: the same object, unless its parameters or a grant change the
   * decision. Look-ups beyond their number are held or denied, values that may not be sent are denied, and where a person
   * let a result go beyond its budget, that grant is to be used. To be asked before `received`, and again whenever the
   * execution is decided again; what follows (`verdict`, `received`, budgets) goes by the answer.
   */
  forExecution(request: ExecutionRequest): Judgement;
  /**
   * Why an execution may not go on now, whatever was decided: it is sensitive, and what this process knows of the log is too
   * old. To be asked at every execution, also of a judgement that stands.
   */
  stale(judgement: Judgement): AppError | undefined;
  /** Undefined where no window bounds it: then there is nothing to ask, and nothing to pay. */
  windows(judgement: Judgement): WindowBudget | undefined;
  /**
   * Where `verdict.obligations.onExcess` is there: asks for the rest of a result that a budget stopped. Answers with the
   * error to tell the client, which names the approval. Never throws.
   */
  excess(request: ExcessRequest): Promise<AppError>;
  /** Whether anything of what clients send must be looked at (COPY's data; texts and parameters already were). */
  readonly inboundRules: boolean;
  /** Why this value may not be sent to the target, without the value; undefined if it may. */
  inbound(value: string | Uint8Array): AppError | undefined;
  /** Throws JOURNAL_FULL. Buffers the record; not one byte goes on before `whenSafe` calls back. */
  received(judgement: Judgement, details: ExecutionDetails): Execution;
  prepared(judgement: Judgement, name: string): void;
  outcome(execution: Execution, outcome: Outcome): void;
  chunk(execution: Execution, index: number, result: RecordedResult): void;
  /** Calls back when all that was recorded so far is safe (in strict mode: on disk), or with why it is not. */
  whenSafe(waiter: CommitWaiter): void;
  hold(request: HoldRequest): Promise<HoldAnswer>;
  /** To be told what a client was refused with. */
  refused(code: ErrorCode): void;
  /** To be told when what was read of the client, first at `readAt` (performance.now; 0: unknown), goes to the target. */
  forwarded(readAt: number): void;
  masking(): MaskingSet;
  reveals(dataClass: string): boolean;
  /** For errors: `publicUrl`/decisions/ID and the connection's owner. */
  hint(statementId: string): string;
  /** Called when the session must end, with the reason; once more where what may wait no longer may. */
  onEnd(end: (reason: string, when: EndTime) => void): void;
  ended(reason: string, bytesIn: number, bytesOut: number): void;
}
