/** Something that a detector should have found: a line of labels.csv. Times: milliseconds since the epoch. */
export interface Incident {
  readonly id: string;
  readonly kind: string;
  readonly form: 'plain' | 'stealthy';
  /** In a unit that its kind has. */
  readonly magnitude: number;
  /** `issuer:subject`. */
  readonly identity: string;
  readonly connection: string;
  readonly from: number;
  readonly to: number;
  readonly sessionIds: readonly string[];
  readonly statementIds: readonly string[];
  /** `schema.table`. */
  readonly tables: readonly string[];
}
