/** What is wrong, by its kind. Scripts rely on these words. */
export type FindingKind =
  | 'changed text'
  | `changed column ${string}`
  | 'deleted row'
  | 'added row'
  | 'swapped'
  | 'truncated tail'
  | 're-signed checkpoint'
  | 'changed tree'
  | 'missing tile'
  | 'wrong erasure'
  | 'uncovered'
  | 'unproven';

export interface Finding {
  readonly kind: FindingKind;
  /** `session ses_… seq 4`, `weir.policy.v1/0 offset 7`, or a tree's origin. */
  readonly where: string;
  readonly why: string;
}

/** `deleted row seq 4` reads as one name where it is a single row. */
export const lineOf = ({ kind, where, why }: Finding): string => `${kind}: ${where}: ${why}`;

export const sameFinding = (a: Finding, b: Finding): boolean => a.kind === b.kind && a.where === b.where;

/** `4`, or `4 to 9`. */
export const span = (from: number, to: number): string => (from === to ? String(from) : `${from} to ${to}`);
