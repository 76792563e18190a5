/** How a value is changed. `partial` depends on the class; `null` and `whole` fit any. */
export type TransformName = 'whole' | 'partial' | 'hash' | 'null';

/** A masked column's rule, as it applies. */
export interface ColumnMask {
  readonly class: string;
  readonly transform: TransformName;
}

/** One column of a result, as a protocol's RowDescription (or its equivalent SELECT's) gives it. */
export interface ResultField {
  readonly name: string;
  readonly typeOid: number;
  /** 0 text, 1 binary. */
  readonly format: 0 | 1;
  /** The column's rule; 'unclassified': no rule, classifiers run; 'revealed': clear by policy, classifiers too. */
  readonly mask: ColumnMask | 'unclassified' | 'revealed';
  /** The class of its values where they are revealed: those that go out are counted. */
  readonly revealed?: string | undefined;
}
