import type { TransformName } from './plan.js';

/** One line of masking.yaml: which columns, what they hold, how they are changed. First match wins. */
export interface MaskingRule {
  /** A glob over connection names. */
  readonly connection: string;
  /** `schema.table.column`, each a glob. */
  readonly column: string;
  readonly class: string;
  /** `clear`: an exception from the rules below it. */
  readonly transform: TransformName | 'clear';
}

/** A data class of one's own, found in values by a linear-time regular expression. */
export interface MaskingPattern {
  readonly class: string;
  readonly regex: string;
}

/** masking.yaml, understood. */
export interface MaskingRules {
  readonly rules: readonly MaskingRule[];
  readonly patterns: readonly MaskingPattern[];
  /** What a client may not send, by class. */
  readonly inbound: Readonly<Record<string, 'deny' | 'allow'>>;
}
