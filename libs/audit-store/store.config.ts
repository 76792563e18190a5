/** Where the audit store is. `embedded`: a folder that one process at a time may open. */
export type AuditStoreConfig = { readonly kind: 'embedded'; readonly path: string } | ServerConfig;

export interface ServerConfig extends StoreUser {
  readonly kind: 'clickhouse';
  readonly url: string;
  /** The server's name for several of them of which each is to hold everything; absent: one server. */
  readonly cluster?: string | undefined;
  /** Who runs what auditors ask; absent: the same user, read-only for as long as the query lasts. */
  readonly reader?: StoreUser | undefined;
}

export interface StoreUser {
  readonly user: string;
  readonly password: string;
}

export const database = 'weir';

/** What auditors may read: views in which every row stands exactly once. docs/audit-schema.md describes each. */
export const publicTables = [
  'session_events',
  'statements',
  'sessions',
  'control_events',
  'findings',
  'quarantines',
  'detectors',
  'checkpoints',
  'dead_letters',
  'expired_events',
  'activity',
  'table_hours',
  'identity_hours',
  'identity_days',
  'first_uses',
  'new_queries',
  'deployments',
  'published_words',
  'identity_learning',
  'peer_groups',
  'baselines',
] as const;

export type PublicTable = (typeof publicTables)[number];

/** What our own searches read beside them: rows of one session may stand there more than once. */
export const searchTables = ['session_summary_rows'] as const;

/** What detection writes to; readers have the views. */
export const detectionTables = {
  activity: 'activity_rows',
  tableHours: 'table_hour_rows',
  identityHours: 'identity_hour_rows',
  identityDays: 'identity_day_rows',
  firstUses: 'first_use_rows',
  peerGroups: 'peer_group_rows',
  baselines: 'baseline_rows',
  marks: 'detection_mark_rows',
} as const;

/** What ingest writes to. */
export const storageTables = {
  sessionEvents: 'session_event_rows',
  controlEvents: 'control_event_rows',
  deadLetters: 'dead_letter_rows',
  sessionSummaries: 'session_summary_rows',
  expiredEvents: 'expired_event_rows',
} as const;

export type StorageTable = (typeof storageTables)[keyof typeof storageTables];
