import { describe, expect, it } from 'vitest';
import { AppError, type ErrorCode } from '#kernel';
import type { Execution, Outcome } from '../gate/gate.js';
import { reported } from './client-errors.js';
import type { Expectation } from './expectation.js';
import { Refusals } from './refusals.js';
import type { SessionParts } from './session-parts.js';

/** What the client is sent, and what is recorded, where a statement is refused with this. */
function refused(error: AppError) {
  const expected: Expectation[] = [];
  const outcomes: Outcome[] = [];
  const session = {
    refused: () => undefined,
    hint: () => '',
    outcome: (_: Execution, outcome: Outcome) => void outcomes.push(outcome),
  };
  const conversation = { expected };
  const parts = { conversation, session, toTarget: { push: () => undefined } };
  new Refusals(parts as unknown as SessionParts).refuse({ statementId: 'stm_1' } as Execution, error);
  const [sent] = expected;
  return { frame: (sent as { error: Buffer }).error, outcome: outcomes[0]! };
}

describe('the record of a refusal', () => {
  it.each<[ErrorCode, string, Outcome['status']]>([
    ['STATEMENT_DENIED', '42501', 'denied'],
    ['STATEMENT_HELD', 'WK001', 'held'],
    ['TIMEOUT', '57014', 'cancelled'],
    ['STALE_SNAPSHOT', '57P03', 'denied'],
    ['STATEMENT_TOO_LARGE', '54000', 'denied'],
  ])('of %s has the SQLSTATE and the words that the client got: %s', (code, sqlstate, status) => {
    const { frame, outcome } = refused(new AppError(code, 'this is why'));
    expect(reported(frame)).toEqual({ sqlstate, message: 'this is why' });
    expect(outcome).toEqual({ status, sqlstate, message: 'this is why' });
  });
});
