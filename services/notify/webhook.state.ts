import type { Position } from '#event-log';

/** One message on its way to one webhook. Times are milliseconds since the epoch, by the log's clock. */
export interface Delivery {
  readonly messageId: string;
  readonly webhook: string;
  /** `approval.requested`, … */
  readonly type: string;
  readonly occurredAt: number;
  /** Where its body stands: a backlog keeps no bodies in memory. */
  readonly position: Position;
  readonly queuedAt: number;
  /** Tries that failed. */
  readonly failures: number;
  readonly dueAt: number;
  /** Whose turn it is to send it, and until when the others leave it to them. */
  readonly claim: Claim;
  /**
   * What this process's own clock is ahead of the log's, milliseconds, as the last event about this message showed.
   * Clocks are never compared but by it: one that is wrong would send twice, or wait for ever.
   */
  readonly ahead: number;
}

export interface Claim {
  readonly by: string;
  readonly until: number;
}

/** What the log says of one webhook. */
export interface WebhookState {
  /** The digest of its configuration, base64; and since when that is in force. */
  readonly configuration?: string;
  readonly since?: number;
  readonly disabled?: { readonly at: number; readonly reason: string };
  readonly lastDelivery?: { readonly at: number; readonly status: number };
  readonly lastFailure?: { readonly at: number; readonly reason: string };
  /** Failed tries since the last delivery. */
  readonly failuresInARow: number;
  /** Oldest first. */
  readonly pending: ReadonlyMap<string, Delivery>;
}
