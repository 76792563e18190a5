import { create } from '@bufbuild/protobuf';
import { EstimateSchema, type Estimate } from '#events';
import type { ApprovalEstimate } from './approval.js';

/** What an approver is told of the target's estimate, as an event carries it. */
export function toWireEstimate(estimate: ApprovalEstimate): Estimate {
  return create(EstimateSchema, estimate);
}

/** An event's estimate. A number that is none, or below 0, is no estimate: JSON has no word for it either. */
export function fromWireEstimate(wire: Estimate | undefined): ApprovalEstimate | undefined {
  if (!wire) return undefined;
  const { rows, cost, unavailable } = wire;
  if (unavailable !== '') return { unavailable };
  const isSound = [rows, cost].every((number) => Number.isFinite(number) && number >= 0);
  return isSound ? { rows, cost } : { unavailable: 'the estimate has no numbers' };
}
