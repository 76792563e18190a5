import type { Duplex } from 'node:stream';
import { AppError, toAppError } from '#kernel';
import { Lane, MessageScanner, Outbox, throttle, tie, type Tie, type TieEnd } from '#wire';
import type { CommitWaiter, EndTime, GateSession } from '../gate/gate.js';
import { fatal } from './auth.js';
import { Backend } from './backend.js';
import type { CatalogSource } from './catalog.js';
import { frontend as type, message } from './codec.js';
import { Conversation } from './conversation.js';
import type { Estimates } from './estimates.js';
import { Frontend } from './frontend.js';
import { SessionNamespace } from './session-namespace.js';
import type { SessionLimits } from './session-parts.js';
import type { Target } from './target.js';
import { UnitReader } from './unit-reader.js';

/** The longest message taken from a client: a Bind with its parameters, or a piece of COPY data. */
const maxClientMessage = 64 * 1024 * 1024;
/** The longest message taken from a target: one row. */
const maxTargetMessage = 64 * 1024 * 1024;
/** What is read ahead from a client while one of its statements waits. */
const readAhead = 1024 * 1024;

export interface SessionOptions {
  readonly client: Duplex;
  readonly target: Target;
  readonly gate: GateSession;
  readonly catalog: CatalogSource;
  readonly limits: SessionLimits;
  readonly estimates: Estimates;
  readonly log: (error: AppError) => void;
}

/**
 * One client's session from ReadyForQuery to its end.
 *
 *   client -> scanner -> unit reader -> frontend (decide) -> outbox -> target
 *   client <- outbox  <- backend (mask, count) <- scanner <- target
 *
 * What one read gave is recorded with one journal write and leaves with one socket write.
 */
export class PostgresSession {
  private readonly conversation = new Conversation();
  private readonly toClient: Outbox;
  private readonly toTarget: Outbox;
  private readonly fromClient: Lane;
  private readonly fromTarget: Lane;
  private readonly lanes: readonly Lane[];
  private readonly clientScanner = new MessageScanner({ maxLength: maxClientMessage });
  private readonly targetScanner = new MessageScanner({ maxLength: maxTargetMessage });
  private readonly reader: UnitReader;
  private readonly frontend: Frontend;
  private readonly backend: Backend;
  private readonly tie: Tie;
  private readonly ended: Promise<void>;
  private resolveEnded!: () => void;
  private flushing: 'no' | 'scheduled' | 'committing' = 'no';
  private flushAgain = false;
  private aheadBytes = 0;
  /** When the first of what has not been sent on was read; 0: nothing. */
  private readAt = 0;
  private bytesIn = 0;
  private bytesOut = 0;
  private endReason: string | undefined;
  private requestedEnd: string | undefined;
  private terminating = false;

  constructor(private readonly options: SessionOptions) {
    const { client, target, gate, catalog, limits, estimates } = options;
    this.ended = new Promise((resolve) => (this.resolveEnded = resolve));
    this.toClient = new Outbox(client);
    this.toTarget = new Outbox(target.stream);
    const fail = (error: unknown) => this.fail(error);
    this.fromClient = new Lane(client, (chunk) => this.clientData(chunk), fail);
    this.fromTarget = new Lane(target.stream, (chunk) => this.targetData(chunk), fail);
    this.lanes = [this.fromTarget, this.fromClient];
    const parts = {
      conversation: this.conversation,
      session: gate,
      catalog,
      namespace: new SessionNamespace(catalog),
      limits,
      estimates,
      toTarget: this.toTarget,
      toClient: this.toClient,
      flush: () => this.flush(),
      log: options.log,
    };
    this.frontend = new Frontend(parts, () => this.terminated(), fail);
    this.reader = new UnitReader((unit) => this.frontend.accept(unit));
    this.backend = new Backend({
      ...parts,
      pause: () => this.fromTarget.pause('looking up'),
      resume: () => {
        this.fromTarget.resume('looking up');
        this.flush();
      },
      cancel: () => target.cancel().catch(() => undefined),
      sendFailure: () => this.frontend.refusals.sendFailure(),
      fail,
    });
    this.tie = tie(client, target.stream, (end) => this.finish(end));
    gate.onEnd((reason, when) => this.requestEnd(reason, when));
  }

  /** Resolves when the session is over and recorded. */
  run(): Promise<void> {
    this.frontend.start();
    this.fromTarget.start();
    this.fromClient.start();
    return this.ended;
  }

  /** The client's CancelRequest. */
  async cancel(): Promise<void> {
    if (!this.frontend.cancelHold()) await this.options.target.cancel();
  }

  /** The client is told, and the session ends. */
  requestEnd(reason: string, when: EndTime): void {
    this.requestedEnd = reason;
    this.frontend.abandonHold(reason);
    if (when === 'now') return this.endNow(reason);
    this.endIfIdle();
  }

  /** A server notices that its client is gone only when it writes: what runs there is cancelled. */
  private endNow(reason: string): void {
    if (this.endReason === undefined && !this.conversation.isQuiet)
      this.options.target.cancel().catch((error: unknown) => this.options.log(toAppError(error)));
    this.failEnded(reason);
  }

  private clientData(chunk: Buffer): undefined {
    this.bytesIn += chunk.length;
    if (this.readAt === 0) this.readAt = performance.now();
    this.clientScanner.push(chunk, this.clientMessage);
    if (this.frontend.isWaiting) this.readAhead(chunk.length);
    this.flush();
  }

  private readonly clientMessage = (code: number, buffer: Buffer, start: number, end: number) =>
    this.reader.message(code, buffer, start, end);

  /** While a statement waits for a person, the client is still read (end of file, good-bye), up to a cap. */
  private readAhead(bytes: number): void {
    this.aheadBytes += bytes;
    if (this.aheadBytes > readAhead) this.fromClient.pause('waiting');
  }

  private targetData(chunk: Buffer): Buffer | undefined {
    const rest = this.targetScanner.push(chunk, this.targetMessage);
    this.backend.flushRows();
    this.flush();
    return rest.length > 0 ? rest : undefined;
  }

  /** False: the rest of the chunk must wait. */
  private readonly targetMessage = (code: number, buffer: Buffer, start: number, end: number) => {
    this.backend.message(code, buffer, start, end);
    return !this.fromTarget.isPausedFor('looking up');
  };

  /** Records first, then writes; once a turn of the event loop, however often it is called in it. */
  private flush(): void {
    if (this.flushing === 'committing') this.flushAgain = true;
    if (this.flushing !== 'no' || this.endReason !== undefined) return;
    this.flushing = 'scheduled';
    this.options.gate.whenSafe(this.commit);
  }

  private readonly commit: CommitWaiter = {
    // Strict mode: what would come now is not part of this commit and must not leave with it.
    waiting: () => {
      this.flushing = 'committing';
      for (const lane of this.lanes) lane.pause('committing');
    },
    done: (error) => {
      const again = this.flushAgain;
      this.flushing = 'no';
      this.flushAgain = false;
      if (error !== undefined) return this.fail(error);
      if (this.endReason !== undefined) return;
      if (again) return this.flush();
      this.write();
      for (const lane of this.lanes) lane.resume('committing');
    },
  };

  private write(): void {
    this.bytesOut += this.toClient.pending;
    if (this.toTarget.pending > 0) this.forwarded();
    this.toTarget.flush();
    this.toClient.flush();
    // A client fills both outboxes (its refusals are answers), a target only the client's.
    if (this.toTarget.congested) throttle(this.toTarget, 'target congested', [this.fromClient]);
    if (this.toClient.congested) throttle(this.toClient, 'client congested', this.lanes);
    if (!this.frontend.isWaiting && this.aheadBytes > 0) {
      this.aheadBytes = 0;
      this.fromClient.resume('waiting');
    }
    if (this.terminating) {
      this.endReason ??= 'terminated';
      return this.tie.end();
    }
    this.endIfIdle();
  }

  /** While a unit is undecided what goes out may be a question of the gate's own: what was read still waits. */
  private forwarded(): void {
    const { isWaiting } = this.frontend;
    this.options.gate.forwarded(isWaiting ? 0 : this.readAt);
    if (!isWaiting) this.readAt = 0;
  }

  private endIfIdle(): void {
    if (this.requestedEnd === undefined || !this.conversation.isQuiet || this.frontend.isWaiting) return;
    if (this.conversation.status !== 'I' && this.requestedEnd === 'the gate is shutting down') return;
    this.failEnded(this.requestedEnd);
  }

  private failEnded(reason: string): void {
    this.fail(new AppError('SHUTTING_DOWN', `the session was ended: ${reason}`), `ended: ${reason}`);
  }

  /** After what came before it is recorded and has gone out. */
  private terminated(): void {
    this.terminating = true;
    this.conversation.over = true;
    this.toTarget.push(message(type.terminate));
    this.flush();
  }

  /** Ends the session with an error that its client can read. */
  private fail(error: unknown, reason?: string): void {
    if (this.endReason !== undefined) return;
    const appError = toAppError(error);
    this.endReason = reason ?? `error: ${appError.message}`;
    if (!reason) {
      this.options.gate.refused(appError.code);
      this.options.log(appError);
    }
    // What may not be recorded must not be seen.
    this.toClient.discard();
    this.toClient.push(fatal(appError));
    this.toClient.flush();
    this.tie.end();
  }

  private finish(end: TieEnd): void {
    this.endReason ??= end.side === 'near' ? 'client gone' : end.side === 'far' ? 'target gone' : 'ended';
    this.fromClient.stop();
    this.fromTarget.stop();
    try {
      this.frontend.close();
      this.settleRuns();
      this.options.gate.ended(this.endReason, this.bytesIn, this.bytesOut);
    } catch (error) {
      // The journal takes no more: its next owner ends this session as lost.
      this.options.log(toAppError(error));
    } finally {
      this.resolveEnded();
    }
  }

  /** What was forwarded and not answered may have run or not: nobody here can know. */
  private settleRuns(): void {
    const { expected } = this.conversation;
    for (let item = expected.shift(); item; item = expected.shift()) {
      if (item.kind === 'query' || item.kind === 'execute') item.finish('unknown');
      else if (item.kind === 'own') item.probe.settle();
    }
  }
}
