import {
  newEvent,
  NotificationClaimedSchema,
  NotificationDeliveredSchema,
  NotificationFailedSchema,
  NotificationGivenUpSchema,
  NotificationQueuedSchema,
  payload,
  WebhookConfiguredSchema,
  WebhookDisabledSchema,
  type Envelope,
  type EventOrigin,
  type NotificationClaimed,
  type NotificationDelivered,
  type NotificationFailed,
  type NotificationGivenUp,
  type NotificationQueued,
  type WebhookConfigured,
  type WebhookDisabled,
} from '#events';
import type { LoggedEvent } from '#event-log';

type Facts<T> = Omit<T, '$typeName' | '$unknown'>;

/** What can happen to a webhook, or to a message on its way to one. */
export type NotificationEvent =
  | { readonly type: 'WebhookConfigured'; readonly data: Facts<WebhookConfigured> }
  | { readonly type: 'WebhookDisabled'; readonly data: Facts<WebhookDisabled> }
  | { readonly type: 'NotificationQueued'; readonly data: Facts<NotificationQueued> }
  | { readonly type: 'NotificationClaimed'; readonly data: Facts<NotificationClaimed> }
  | { readonly type: 'NotificationDelivered'; readonly data: Facts<NotificationDelivered> }
  | { readonly type: 'NotificationFailed'; readonly data: Facts<NotificationFailed> }
  | { readonly type: 'NotificationGivenUp'; readonly data: Facts<NotificationGivenUp> };

/** The event as an envelope to append. */
export function toNotificationEnvelope(
  event: NotificationEvent,
  origin: Pick<EventOrigin, 'source' | 'clock'>,
): Envelope {
  switch (event.type) {
    case 'WebhookConfigured':
      return newEvent(WebhookConfiguredSchema, event.data, { ...origin, subject: event.data.webhook });
    case 'WebhookDisabled':
      return newEvent(WebhookDisabledSchema, event.data, { ...origin, subject: event.data.webhook });
    case 'NotificationQueued':
      return newEvent(NotificationQueuedSchema, event.data, { ...origin, subject: event.data.messageId });
    case 'NotificationClaimed':
      return newEvent(NotificationClaimedSchema, event.data, { ...origin, subject: event.data.messageId });
    case 'NotificationDelivered':
      return newEvent(NotificationDeliveredSchema, event.data, { ...origin, subject: event.data.messageId });
    case 'NotificationFailed':
      return newEvent(NotificationFailedSchema, event.data, { ...origin, subject: event.data.messageId });
    case 'NotificationGivenUp':
      return newEvent(NotificationGivenUpSchema, event.data, { ...origin, subject: event.data.messageId });
  }
}

/** The event of a log entry; undefined where it is none of these or does not decode. */
export function fromLoggedNotification(logged: LoggedEvent): NotificationEvent | undefined {
  try {
    return read(logged.envelope);
  } catch {
    return undefined; // the audit service dead-letters it; a fold goes on
  }
}

function read(envelope: Envelope): NotificationEvent | undefined {
  const configured = payload(WebhookConfiguredSchema, envelope);
  if (configured) return { type: 'WebhookConfigured', data: configured };
  const disabled = payload(WebhookDisabledSchema, envelope);
  if (disabled) return { type: 'WebhookDisabled', data: disabled };
  const queued = payload(NotificationQueuedSchema, envelope);
  if (queued) return { type: 'NotificationQueued', data: queued };
  const claimed = payload(NotificationClaimedSchema, envelope);
  if (claimed) return { type: 'NotificationClaimed', data: claimed };
  const delivered = payload(NotificationDeliveredSchema, envelope);
  if (delivered) return { type: 'NotificationDelivered', data: delivered };
  const failed = payload(NotificationFailedSchema, envelope);
  if (failed) return { type: 'NotificationFailed', data: failed };
  const givenUp = payload(NotificationGivenUpSchema, envelope);
  if (givenUp) return { type: 'NotificationGivenUp', data: givenUp };
  return undefined;
}
