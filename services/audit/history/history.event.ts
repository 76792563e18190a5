import type { Envelope, Topic } from '#events';

/** An event of a history: of a file, or simulated. */
export interface HistoryEvent {
  readonly topic: Topic;
  /** When a log took it, milliseconds since the epoch. */
  readonly loggedAt: number;
  readonly envelope: Envelope;
}
