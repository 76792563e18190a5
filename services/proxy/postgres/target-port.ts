import { AppError } from '#kernel';
import type { Expectation } from './expectation.js';
import type { SessionParts } from './session-parts.js';

/** What those who take the target's answers need of the session beside what all have. */
export interface TargetPort extends SessionParts {
  /** Stops reading the target until `resume`; what was read already comes back through `Backend.message`. */
  pause(): void;
  resume(): void;
  /** Sends the target a CancelRequest; resolves at that connection's close. */
  cancel(): Promise<void>;
  /** Has the target fail: a Describe that can't succeed and a Sync; its answer is expected by the caller. */
  sendFailure(): void;
  /** Ends the session: the target does what it should not. */
  fail(error: unknown): void;
}

export function unexpected(port: TargetPort, code: number, head: Expectation | undefined): void {
  const asked = head ? `while ${head.kind} was awaited` : 'unasked';
  port.fail(new AppError('PROTOCOL_VIOLATION', `the target sent a message of type ${code} ${asked}`));
}
