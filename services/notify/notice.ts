import type { Severity } from '#domain';
import type { LoggedEvent } from '#event-log';
import type { Topic } from '#events';
import type { WebhookConfig } from '#platform';

/** What people can be told of: the types that a webhook's `events` may name. */
export type NoticeType = NonNullable<WebhookConfig['events']>[number];

/** One thing to tell, whoever it is told to. */
export interface Notice {
  /** The event's id in the log: the same at each replica, webhook and try. */
  readonly id: string;
  readonly type: NoticeType;
  /** Milliseconds since the epoch, by the log's clock. */
  readonly at: number;
  readonly data: object;
  /** A finding's. */
  readonly severity?: Severity;
}

/** A topic as notices. */
export interface NoticeSource {
  readonly topic: Topic;
  /** Folds an event of the topic; what there is to tell of it. The same event again tells nothing. */
  apply(logged: LoggedEvent): Notice | undefined;
}

/** The body of a notice, as Standard Webhooks has it. */
export function bodyOf({ type, at, data }: Pick<Notice, 'at' | 'data'> & { readonly type: string }): string {
  return JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
}
