import type { MaskingSet } from './compile.js';
import { compileMasking } from './compile.js';
import { dataClass } from './data-class.js';
import { kind, SPACE } from './bytes.js';
import type { MaskingRule } from './rules.js';
import { shippedMasking } from './shipped.js';
import type { Span } from './span.js';

/** How many of the values looked at hold a class. */
export interface ClassCount {
  readonly class: string;
  /** Values in which it was found. */
  readonly found: number;
  /** Values that are nothing else. */
  readonly whole: number;
}

/** What was found in a column's values: numbers, never a value. */
export interface ValueEvidence {
  /** Values looked at: not NULL, not empty. */
  readonly values: number;
  /** The most frequent first. */
  readonly classes: readonly ClassCount[];
}

export interface ColumnPlace {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

/** What is known of a column, and what follows. */
export interface ColumnFinding extends ColumnPlace, ValueEvidence {
  /** The type as PostgreSQL writes it. */
  readonly type: string;
  /** The class that its name gives away, by the shipped rules. */
  readonly nameSays: string | undefined;
  /** The first rule that names it, `clear` ones too. */
  readonly rule: Pick<MaskingRule, 'class' | 'transform'> | undefined;
  /** The rule to add; undefined: none is needed, or nothing says so. */
  readonly proposal: Pick<MaskingRule, 'class' | 'transform'> | undefined;
}

export const noValues: ValueEvidence = { values: 0, classes: [] };

/** Looks into values as the classifiers do. Costs as much as masking them. */
export function valueEvidence(set: MaskingSet, values: Iterable<Uint8Array>): ValueEvidence {
  const counts = new Map<string, { found: number; whole: number }>();
  let looked = 0;
  for (const value of values) {
    if (value.length === 0) continue;
    looked++;
    const spans = set.findSpans(value, 0, value.length) ?? [];
    const whole = spans.length === 1 && isWhole(value, spans[0]!);
    for (const name of new Set(spans.map((span) => span.class))) {
      const count = counts.get(name) ?? { found: 0, whole: 0 };
      counts.set(name, { found: count.found + 1, whole: count.whole + (whole ? 1 : 0) });
    }
  }
  const classes = [...counts].map(([name, count]) => ({ class: name, ...count }));
  return { values: looked, classes: classes.toSorted((a, b) => b.found - a.found) };
}

function isWhole(value: Uint8Array, span: Span): boolean {
  return isSpace(value, 0, span.start) && isSpace(value, span.end, value.length);
}

function isSpace(value: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!(kind[value[i]!]! & SPACE)) return false;
  return true;
}

/** From this share of a column's values on, the column is of that class. Below, the classifiers do. */
const rulingShare = 0.5;

const names = compileMasking(shippedMasking);

/** Weighs values, name and the rules in force. A rule that says `clear` is never overruled, only told. */
export function findingOf(
  set: MaskingSet,
  connection: string,
  place: ColumnPlace & { readonly type: string },
  evidence: ValueEvidence,
): ColumnFinding {
  const { schema, table, column } = place;
  const rule = set.ruleOf(connection, schema, table, column);
  const nameSays = names.columnMask('*', schema, table, column)?.class;
  const ruling = evidence.classes.find(({ whole }) => whole >= evidence.values * rulingShare)?.class;
  const proposed = rule === undefined ? (ruling ?? nameSays) : undefined;
  return {
    ...place,
    ...evidence,
    nameSays,
    rule: rule && { class: rule.class, transform: rule.transform },
    proposal:
      proposed === undefined ? undefined : { class: proposed, transform: dataClass(proposed).transform },
  };
}
