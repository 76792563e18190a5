/** Byte offsets, end exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A place in a value where a classifier found something, and what. */
export interface Span extends Range {
  readonly class: string;
}
