import { AppError } from '#kernel';
import { RE2JS } from 're2js';
import { type Document, isMap, isPair, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { z } from 'zod';
import { dataClass } from './data-class.js';
import type { MaskingRules } from './rules.js';

const className = z.string().regex(/^[a-z][a-z0-9_-]{0,39}$/, {
  error: 'a class is a lower-case word such as email or badge',
});

const columnGlob = z.string().regex(/^[^.\s]+\.[^.\s]+\.[^.\s]+$/, {
  error: 'write schema.table.column, each with * where any name fits, such as "*.customers.email"',
});

const ruleSchema = z
  .strictObject({
    connection: z.string().min(1).default('*'),
    column: columnGlob,
    class: className,
    // YAML reads `transform: null` as no value at all.
    transform: z.preprocess(
      (value) => (value === null ? 'null' : value),
      z.enum(['whole', 'partial', 'hash', 'null', 'clear']).optional(),
    ),
  })
  .transform((rule) => ({ ...rule, transform: rule.transform ?? dataClass(rule.class).transform }));

const patternSchema = z.strictObject({
  class: className,
  regex: z.string().min(1).max(1000).superRefine(checkRegex),
});

const fileSchema = z.strictObject({
  rules: z.array(ruleSchema, {
    error: 'rules is missing: list the masked columns, or `rules: []` to mask nothing',
  }),
  patterns: z.array(patternSchema).default([]),
  inbound: z.record(className, z.enum(['deny', 'allow'])).default({}),
});

/** Reads masking.yaml. Throws CONFIG_INVALID, naming file, line and what to write instead. */
export function parseMasking(text: string, fileName: string): MaskingRules {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const broken = document.errors[0];
  if (broken) throw invalid(fileName, lines.linePos(broken.pos[0]).line, broken.message.split('\n')[0]!);
  const result = fileSchema.safeParse(document.toJS({ maxAliasCount: 20 }) ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  // An unknown key is reported at its parent: the line wanted is the key's own.
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path;
  throw invalid(fileName, lineOf(document, path, lines), `${pathText(path)}${explain(issue)}`);
}

function invalid(fileName: string, line: number, reason: string): AppError {
  return new AppError('CONFIG_INVALID', `${fileName}:${line}: ${reason}`);
}

function explain(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return 'no such key; remove it or correct its spelling';
  if (issue.code === 'invalid_value') return `write one of ${issue.values.join(', ')}`;
  return issue.message;
}

function pathText(path: readonly PropertyKey[]): string {
  return path.length === 0 ? '' : `${path.map(String).join('.')}: `;
}

/** The line of the deepest node that the path reaches. */
function lineOf(document: Document.Parsed, path: readonly PropertyKey[], lines: LineCounter): number {
  let node: unknown = document.contents;
  let offset = offsetOf(node);
  for (const step of path) {
    const next = child(node, step);
    if (next === undefined) break;
    offset = next.offset ?? offset;
    node = next.node;
  }
  return lines.linePos(offset ?? 0).line;
}

function child(node: unknown, step: PropertyKey): { node: unknown; offset: number | undefined } | undefined {
  if (isMap(node)) {
    const pair = node.items.find((item) => isPair(item) && String(item.key) === String(step));
    return pair && { node: pair.value, offset: offsetOf(pair.key) };
  }
  if (!isSeq(node)) return undefined;
  const item = node.items[Number(step)];
  return item === undefined ? undefined : { node: item, offset: offsetOf(item) };
}

function offsetOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

function checkRegex(regex: string, context: z.RefinementCtx): void {
  try {
    if (!RE2JS.compile(regex).test('')) return;
    context.addIssue({ code: 'custom', message: 'it matches the empty text, so it would match everywhere' });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    context.addIssue({
      code: 'custom',
      message: `${reason} (RE2 syntax: no look-around, no back-references)`,
    });
  }
}
