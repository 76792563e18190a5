import type { AppError } from '#kernel';
import type { Outbox } from '#wire';
import type { GateSession } from '../gate/gate.js';
import type { CatalogSource } from './catalog.js';
import type { Conversation } from './conversation.js';
import type { Estimates } from './estimates.js';
import type { SessionNamespace } from './session-namespace.js';

export interface SessionLimits {
  /** What the client set at startup that gives statements another meaning. */
  readonly settings: string;
  /** Bytes of result kept in the record. */
  readonly recordBytes: number;
}

/** What those who decide, forward and answer in one session have in common. */
export interface SessionParts {
  readonly conversation: Conversation;
  readonly session: GateSession;
  readonly catalog: CatalogSource;
  readonly namespace: SessionNamespace;
  readonly limits: SessionLimits;
  readonly estimates: Estimates;
  readonly toTarget: Outbox;
  readonly toClient: Outbox;
  /** Writes what both outboxes hold, after what is recorded is safe. */
  flush(): void;
  /** For the operator. */
  log(error: AppError): void;
}
