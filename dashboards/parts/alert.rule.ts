/** Fires for each row of the answer whose number is above `above`; texts of the row are labels of the alert. */
export interface AlertRule {
  readonly uid: string;
  readonly title: string;
  /** What happened, and what to do. */
  readonly summary: string;
  readonly severity: 'info' | 'warning' | 'critical';
  /** Seconds back from now that the SQL sees. */
  readonly seconds: number;
  readonly sql: string;
  readonly above: number;
  /** The dashboard that shows it. */
  readonly dashboard: string;
}
