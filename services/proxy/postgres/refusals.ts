import { randomBytes } from 'node:crypto';
import type { AppError } from '#kernel';
import type { Execution, Judgement, Outcome } from '../gate/gate.js';
import { refusal, reported } from './client-errors.js';
import { byte, frontend as type, message as frame } from './codec.js';
import { syncExpected } from './expectation.js';
import { TooMuchHeld } from './name-limits.js';
import type { SessionParts } from './session-parts.js';
import { isForOperators } from './told.js';

export const sync = frame(type.sync);

/**
 * Refuses so that the target fails, too: a denial made here alone would let a later COMMIT commit what the client
 * believes rolled back.
 */
export class Refusals {
  /** Of a statement name that no client can know: it fails, and with it the transaction. */
  private readonly failingDescribe = frame(
    type.describe,
    byte(0x53),
    `weirkeeper refuses ${randomBytes(12).toString('hex')}`,
  );

  constructor(private readonly parts: SessionParts) {}

  /** In the place of a message: our error comes in the place of its answer. */
  refuse(execution: Execution | undefined, error: AppError, sqlstate = sqlstateOf(error)): void {
    const { conversation, session, toTarget } = this.parts;
    session.refused(error.code);
    if (isForOperators(error)) this.parts.log(error);
    const bytes = refusal(session, execution?.statementId ?? '', error, sqlstate);
    if (execution) session.outcome(execution, { status: statusOf(error), ...reported(bytes) });
    toTarget.push(this.failingDescribe);
    conversation.expected.push({ kind: 'refused', error: bytes });
    conversation.segmentOpen = true;
  }

  /** In the place of a query string, which is a segment by itself. */
  refuseQuery(execution: Execution | undefined, error: AppError): void {
    const { conversation, toTarget } = this.parts;
    this.refuse(execution, error);
    toTarget.push(sync);
    conversation.segmentOpen = false;
    conversation.expected.push(syncExpected);
  }

  /** The record of what is refused before anything of it was. */
  denied(judgement: Judgement, how: 'simple' | 'extended' | 'function', reason: string): Execution {
    return this.parts.session.received(judgement, {
      how,
      parameters: [],
      portal: '',
      decision: 'deny',
      reason,
    });
  }

  /** Has the target fail in this place of the stream; what it answers is expected by the caller. */
  sendFailure(): void {
    this.parts.toTarget.push(this.failingDescribe);
    this.parts.toTarget.push(sync);
  }
}

function statusOf({ code }: AppError): Outcome['status'] {
  if (code === 'STATEMENT_HELD') return 'held';
  return code === 'TIMEOUT' ? 'cancelled' : 'denied';
}

/** A hold that was cancelled ends as a statement that was. */
function sqlstateOf(error: AppError): string | undefined {
  if (error instanceof TooMuchHeld) return '54000';
  return error.code === 'TIMEOUT' ? '57014' : undefined;
}
