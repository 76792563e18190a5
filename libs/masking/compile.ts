import { randomBytes } from 'node:crypto';
import { ByteWriter } from './byte-writer.js';
import { findBuiltin } from './classifier.js';
import { dataClass } from './data-class.js';
import { globMatches } from './glob.js';
import { findPatterns, type CompiledPattern, compilePatterns, mergeSpans } from './pattern.js';
import type { ColumnMask } from './plan.js';
import type { MaskingRule, MaskingRules } from './rules.js';
import type { Span } from './span.js';
import { valueTransform, type ValueTransform } from './transform.js';

/** A column's rule with what its class allows. */
export interface ClassifiedMask extends ColumnMask {
  readonly lookup: boolean;
}

export interface MaskingOptions {
  /** The key of `hash` pseudonyms, 32 random bytes kept for as long as joins must hold; absent: this process's. */
  readonly pseudonymKey?: Uint8Array;
}

const processKey = randomBytes(32);

export function compileMasking(rules: MaskingRules, options: MaskingOptions = {}): MaskingSet {
  return new MaskingSet(rules, options.pseudonymKey ?? processKey);
}

/** Masking rules, ready to ask. Immutable and pure. */
export class MaskingSet {
  /** No column rule: the caller warns. Classifiers run all the same. */
  readonly masksNothing: boolean;
  /** Classes that a client may not send. */
  readonly inboundDenied: ReadonlySet<string>;
  private readonly patterns: readonly CompiledPattern[];
  private readonly spanTransforms = new Map<string, ValueTransform>();

  constructor(
    /** What it was compiled from. */
    readonly rules: MaskingRules,
    private readonly key: Uint8Array,
  ) {
    this.masksNothing = rules.rules.every((rule) => rule.transform === 'clear');
    this.inboundDenied = new Set(Object.keys(rules.inbound).filter((name) => rules.inbound[name] === 'deny'));
    this.patterns = compilePatterns(rules.patterns);
  }

  /** No column of this connection can be masked by its name, whatever it is called. Classifiers run all the same. */
  masksNothingOn(connection: string): boolean {
    return this.rules.rules.every(
      (rule) => rule.transform === 'clear' || !globMatches(rule.connection, connection),
    );
  }

  /** The rule of a column, the first that matches; undefined if there is none or it says `clear`. */
  columnMask(connection: string, schema: string, table: string, column: string): ClassifiedMask | undefined {
    const rule = this.ruleOf(connection, schema, table, column);
    if (rule === undefined || rule.transform === 'clear') return undefined;
    return { class: rule.class, transform: rule.transform, lookup: dataClass(rule.class).lookup };
  }

  /** The first rule that matches a column, `clear` ones too. */
  ruleOf(connection: string, schema: string, table: string, column: string): MaskingRule | undefined {
    return this.rules.rules.find((candidate) => matches(candidate, connection, schema, table, column));
  }

  /** How a masked column's values are written; undefined: as NULL. */
  transformOf(mask: ColumnMask): ValueTransform | undefined {
    return valueTransform(mask, this.key);
  }

  /** What the classifiers find in value[start, end), in order, without overlap; undefined if nothing. */
  findSpans(value: Uint8Array, start: number, end: number): Span[] | undefined {
    const builtin = findBuiltin(value, start, end);
    if (this.patterns.length === 0) return builtin;
    return mergeSpans(builtin, findPatterns(this.patterns, value, start, end));
  }

  /** The classes found in a text, for what a client sends and for records. */
  classify(text: string | Uint8Array): ReadonlySet<string> {
    const value = typeof text === 'string' ? Buffer.from(text) : text;
    return new Set((this.findSpans(value, 0, value.length) ?? []).map((span) => span.class));
  }

  /** Writes the masked form of what stands at a span. */
  writeSpan(span: Span, value: Uint8Array, out: ByteWriter): void {
    this.spanTransform(span.class)(value, span.start, span.end, out);
  }

  /** value[start, end) with what the classifiers find replaced; undefined if they find nothing. */
  maskText(value: Uint8Array, start = 0, end = value.length): Buffer | undefined {
    const spans = this.findSpans(value, start, end);
    if (spans === undefined) return undefined;
    const out = new ByteWriter(end - start + 32);
    this.writeReplaced(spans, value, start, end, out);
    return Buffer.from(out.view());
  }

  /** Writes value[start, end) with these spans of it replaced. */
  writeReplaced(
    spans: readonly Span[],
    value: Uint8Array,
    start: number,
    end: number,
    out: ByteWriter,
  ): void {
    let from = start;
    for (const span of spans) {
      out.copy(value, from, span.start);
      this.writeSpan(span, value, out);
      from = span.end;
    }
    out.copy(value, from, end);
  }

  /** A found value never becomes NULL: the text around it stays. */
  private spanTransform(name: string): ValueTransform {
    let transform = this.spanTransforms.get(name);
    if (transform === undefined) {
      transform = valueTransform({ class: name, transform: dataClass(name).transform }, this.key)!;
      this.spanTransforms.set(name, transform);
    }
    return transform;
  }
}

function matches(
  rule: MaskingRule,
  connection: string,
  schema: string,
  table: string,
  column: string,
): boolean {
  const [schemaGlob, tableGlob, columnGlob] = rule.column.split('.') as [string, string, string];
  return (
    globMatches(columnGlob, column) &&
    globMatches(tableGlob, table) &&
    globMatches(schemaGlob, schema) &&
    globMatches(rule.connection, connection)
  );
}
