import { ApprovalBook, fromLogged, type OpenedApproval } from '#domain';
import type { LoggedEvent } from '#event-log';
import { topics } from '#events';
import { logFoldError } from '#platform';
import { brief } from './brief.js';
import type { Notice, NoticeSource, NoticeType } from './notice.js';

const longestReason = 500;
const longestList = 20;

const typeOf: Partial<Record<OpenedApproval['status'], NoticeType>> = {
  pending: 'approval.requested',
  approved: 'approval.decided',
  denied: 'approval.decided',
  expired: 'approval.expired',
};

/** weir.approval.v1 as notices: one for each event that opened, decided or expired a request. */
export class ApprovalNotices implements NoticeSource {
  readonly topic = topics.approval;
  readonly #book = new ApprovalBook({ keepClosed: 1_000, onError: logFoldError });
  readonly #publicUrl: string;

  constructor(publicUrl: string) {
    this.#publicUrl = publicUrl;
  }

  /** Tells of an event that changed what a request stands at. */
  apply(logged: LoggedEvent): Notice | undefined {
    const event = fromLogged(logged);
    if (!event) return undefined;
    const id = event.data.approvalId;
    const before = this.#book.get(id)?.status;
    this.#book.apply(logged);
    const after = this.#book.get(id);
    if (!after || after.status === before) return undefined;
    return this.#notice(after, logged);
  }

  #notice(approval: OpenedApproval, { envelope, appendedAt: at }: LoggedEvent): Notice | undefined {
    const type = typeOf[approval.status];
    return type && { id: envelope.id, type, at, data: this.#data(approval) };
  }

  /** Never the statement's text or parameters: chat is no place for them. */
  #data({ status, request, decisions }: OpenedApproval): object {
    const { id, connection, kind, tables, requester, reason, approverGroups, expiresAt, classes } = request;
    return {
      ...{ id, status, connection, kind },
      tables: briefList(tables),
      classes: briefList(classes),
      requester: {
        id: brief(requester.id),
        kind: requester.kind,
        subject: brief(requester.subject),
        onBehalfOf: requester.onBehalfOf === undefined ? null : brief(requester.onBehalfOf),
      },
      reason: brief(reason, longestReason),
      approverGroups: briefList(approverGroups),
      expiresAt: new Date(expiresAt).toISOString(),
      url: `${this.#publicUrl}/approvals/${encodeURIComponent(id)}`,
      ...(decisions.length === 0 ? {} : { decisions: decisions.slice(0, longestList).map(decisionOf) }),
    };
  }
}

function decisionOf({ by, decision, reason, at }: OpenedApproval['decisions'][number]): object {
  return { by: brief(by.id), decision, reason: brief(reason, longestReason), at: new Date(at).toISOString() };
}

/** What is left out is counted: nobody takes twenty tables for all. */
function briefList(texts: readonly string[]): string[] {
  const shown = texts.slice(0, longestList).map((text) => brief(text));
  return texts.length <= longestList ? shown : [...shown, `… ${texts.length - longestList} more`];
}
