import { describe, expect, it } from 'vitest';
import { AppError, type ErrorCode } from '#kernel';
import type { Execution, Outcome } from '../gate/gate.js';
import { fatal } from './auth.js';
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
  const logged: AppError[] = [];
  const parts = {
    ...{ conversation, session, toTarget: { push: () => undefined } },
    log: (told: AppError) => void logged.push(told),
  };
  new Refusals(parts as unknown as SessionParts).refuse({ statementId: 'stm_1' } as Execution, error);
  const [sent] = expected;
  return { frame: (sent as { error: Buffer }).error, outcome: outcomes[0]!, logged };
}

describe('what is the operator’s business', () => {
  const brokers = 'the event log took no events: connect ECONNREFUSED 192.0.2.7:9092 (192.0.2.7:9092)';
  const hint = 'is Kafka running, and do eventLog.brokers name it? see file:/etc/secret';
  const codes = ['LOG_UNAVAILABLE', 'CONFIG_INVALID', 'POLICY_INVALID', 'ISSUER_UNAVAILABLE'] as const;

  it.each(codes)('%s: reaches its log, and neither client nor record', (code) => {
    const error = new AppError(code, brokers, { hint });
    const { frame, outcome, logged } = refused(error);
    for (const text of [frame.toString(), fatal(error).toString(), JSON.stringify(outcome)])
      expect(text).not.toMatch(/192\.0\.2|ECONN|Kafka|eventLog|\/etc/);
    expect(reported(frame).message).toBe(reported(fatal(error)).message);
    expect(logged).toEqual([error]);
  });

  it('of a log that is away a client reads what to do', () => {
    const { outcome } = refused(new AppError('LOG_UNAVAILABLE', brokers, { hint }));
    expect(outcome).toEqual({
      ...{ status: 'denied', sqlstate: '57P03' },
      message: 'the event log answers too slowly: run the statement again',
    });
  });

  it.each<ErrorCode>([
    'STATEMENT_DENIED',
    'STALE_SNAPSHOT',
    'JOURNAL_FULL',
    'TARGET_UNREACHABLE',
    'TOKEN_INVALID',
  ])('what is not stays as it is, with its hint: %s', (code) => {
    const error = new AppError(code, 'this is why', { hint: 'do that' });
    const { frame, logged } = refused(error);
    for (const text of [frame.toString(), fatal(error).toString()]) {
      expect(text).toContain('Mthis is why\0');
      expect(text).toContain('Hdo that\0');
    }
    expect(logged).toEqual([]);
  });
});

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
