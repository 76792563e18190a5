import { ApprovalBook, fromLogged, isClosed, type OpenedApproval } from '#domain';
import type { LoggedEvent } from '#event-log';
import type { Notice, NoticeType } from './notice.js';

const longestText = 500;
const longestList = 50;

const typeOf: Partial<Record<OpenedApproval['status'], NoticeType>> = {
  pending: 'approval.requested',
  approved: 'approval.decided',
  denied: 'approval.decided',
  expired: 'approval.expired',
};

/** weir.approval.v1 as notices: one for each event that opened, decided or expired a request. */
export class ApprovalNotices {
  readonly #book = new ApprovalBook({ keepClosed: 1_000 });
  /** Data classes of the requests that are not closed. */
  readonly #classes = new Map<string, readonly string[]>();
  readonly #publicUrl: string;

  constructor(publicUrl: string) {
    this.#publicUrl = publicUrl;
  }

  /** Folds an event; what there is to tell of it, if it changed what a request stands at. */
  apply(logged: LoggedEvent): Notice | undefined {
    const event = fromLogged(logged);
    if (!event) return undefined;
    const id = event.data.approvalId;
    const before = this.#book.get(id)?.status;
    this.#book.apply(logged);
    const after = this.#book.get(id);
    if (!after || after.status === before) return undefined;
    if (event.type === 'ApprovalRequested') this.#classes.set(id, event.data.classes);
    const notice = this.#notice(after, logged);
    if (isClosed(after)) this.#classes.delete(id);
    return notice;
  }

  #notice(approval: OpenedApproval, { envelope, appendedAt: at }: LoggedEvent): Notice | undefined {
    const type = typeOf[approval.status];
    return type && { id: envelope.id, type, at, data: this.#data(approval) };
  }

  /** Never the statement's text or parameters: chat is no place for them. */
  #data({ status, request, decisions }: OpenedApproval): object {
    const { id, connection, kind, tables, requester, reason, approverGroups, expiresAt } = request;
    return {
      ...{ id, status, connection, kind },
      tables: tables.slice(0, longestList).map(brief),
      classes: (this.#classes.get(id) ?? []).slice(0, longestList).map(brief),
      requester: {
        id: brief(requester.id),
        kind: requester.kind,
        subject: brief(requester.subject),
        onBehalfOf: requester.onBehalfOf === undefined ? null : brief(requester.onBehalfOf),
      },
      reason: brief(reason),
      approverGroups: approverGroups.slice(0, longestList).map(brief),
      expiresAt: new Date(expiresAt).toISOString(),
      url: `${this.#publicUrl}/approvals/${encodeURIComponent(id)}`,
      ...(decisions.length === 0 ? {} : { decisions: decisions.slice(0, longestList).map(decisionOf) }),
    };
  }
}

function decisionOf({ by, decision, reason, at }: OpenedApproval['decisions'][number]): object {
  return { by: brief(by.id), decision, reason: brief(reason), at: new Date(at).toISOString() };
}

/** A body stays small whatever a name or a reason holds. */
function brief(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText - 1)}…`;
}
