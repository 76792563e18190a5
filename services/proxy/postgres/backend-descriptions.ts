import { AppError } from '#kernel';
import { backend as type } from './codec.js';
import type { Expectation } from './expectation.js';
import { planDescription, type PlannedResult } from './result-plan.js';
import type { Run } from './run.js';
import { unexpected, type TargetPort } from './target-port.js';

type Described = Run | (Expectation & { kind: 'describe-portal' });

/** RowDescription and NoData: what a result will have, and so how its rows are masked. */
export class BackendDescriptions {
  constructor(private readonly port: TargetPort) {}

  rows(head: Expectation, buffer: Buffer, start: number, end: number): void {
    if (head.kind === 'describe-statement') return this.pass(buffer, start, end);
    if (head.kind !== 'query' && head.kind !== 'describe-portal')
      return unexpected(this.port, type.rowDescription, head);
    const description = buffer.subarray(start, end);
    const plan = this.known(head, description) ?? this.plan(head, description);
    if (plan) return this.planned(head, plan, buffer, start, end);
    this.refreshThenPlan(head, Buffer.from(description));
  }

  noRows(head: Expectation, buffer: Buffer, start: number, end: number): void {
    if (head.kind === 'describe-statement') return this.pass(buffer, start, end);
    if (head.kind !== 'describe-portal') return unexpected(this.port, type.noData, head);
    head.portal.plan = 'no rows';
    if (head.own) return this.port.conversation.shift();
    this.pass(buffer, start, end);
  }

  /** The same bytes under the same judgement and catalog again. */
  private known(head: Described, description: Buffer): PlannedResult | undefined {
    if (head.kind !== 'describe-portal') return undefined;
    const { plan, judgement } = head.portal.prepared;
    const isSame =
      plan?.catalogKey === this.port.catalog.current().key &&
      plan.judgement === judgement &&
      plan.description.equals(description);
    return isSame ? plan : undefined;
  }

  private plan(head: Described, description: Buffer, whenUnknown?: 'mask'): PlannedResult | undefined {
    const { session, catalog } = this.port;
    const { judgement, place } =
      head.kind === 'describe-portal'
        ? head.portal.prepared
        : { judgement: head.judgement, place: head.completed };
    const context = { catalog: catalog.current(), judgement, statement: place, session };
    return planDescription(description, undefined, context, whenUnknown);
  }

  private planned(head: Described, plan: PlannedResult, buffer: Buffer, start: number, end: number): void {
    const { conversation, toClient } = this.port;
    const isSeen = !conversation.swallowing;
    if (isSeen && plan.notice) toClient.push(plan.notice);
    if (head.kind === 'describe-portal') {
      head.portal.plan = head.portal.prepared.plan = plan;
      if (head.own) return conversation.shift();
      return this.pass(buffer, start, end);
    }
    head.plan = plan;
    if (isSeen) toClient.pushSlice(buffer, start, end);
  }

  /** An origin that the catalog does not know: no row passes until it has been read again. */
  private refreshThenPlan(head: Described, description: Buffer): void {
    const { port } = this;
    port.pause();
    port.catalog
      .refresh()
      .then(() => {
        this.planned(head, this.plan(head, description, 'mask')!, description, 0, description.length);
        port.resume();
      })
      // Also of what the plan itself throws: a rejection that nobody takes would end the process.
      .catch((cause: unknown) => {
        const what = 'the origin of a result column could not be looked up';
        port.fail(new AppError('TARGET_UNREACHABLE', what, { cause }));
      });
  }

  private pass(buffer: Buffer, start: number, end: number): void {
    const { conversation, toClient } = this.port;
    if (!conversation.swallowing) toClient.pushSlice(buffer, start, end);
    conversation.shift();
  }
}
