import { z } from 'zod';
import { globMatches, type ColumnFinding } from '#masking';

/** `schema.table`, each with `*` and `?`; a name with a dot in it is reached by `?`. */
const tablesGlob = z.string().regex(/^[^.]{1,200}\.[^.]{1,200}$/, {
  error: 'write schema.table, each with * where any name fits, such as "public.*"',
});

export const classifyBody = z
  .strictObject({
    /** Rows looked at of each table, at most. */
    rows: z.number().int().min(1).max(10_000).default(1_000),
    tables: tablesGlob.default('*.*'),
  })
  .prefault({});
export type ClassifyBody = z.infer<typeof classifyBody>;

const share = z.object({
  class: z.string(),
  /** Of the values looked at: how many hold it, and how many are nothing else. 0 to 1. */
  share: z.number(),
  wholeShare: z.number(),
});
const masked = z.object({ class: z.string(), transform: z.string() });

const classifiedColumn = z.object({
  schema: z.string(),
  table: z.string(),
  column: z.string(),
  type: z.string(),
  /** Values looked at: not NULL, not empty; 0 for a type that is not read. */
  values: z.number().int(),
  classes: z.array(share),
  /** The class that its name gives away. */
  nameSays: z.string().nullable(),
  /** The rule in force that names it; `clear`: an exception. */
  rule: masked.nullable(),
  /** The rule to add. */
  proposal: masked.nullable(),
});

/** What a connection's columns hold: shares and numbers, never a value. */
export const classifyItem = z.object({
  connection: z.string(),
  tables: z.number().int(),
  /** There was more than may be read at once: name `tables`. */
  cut: z.boolean(),
  skipped: z.array(z.object({ table: z.string(), reason: z.string() })),
  columns: z.array(classifiedColumn),
  /** masking.yaml: the proposals, then the rules in force. */
  draft: z.string(),
});
export type ClassifyItem = z.infer<typeof classifyItem>;

export function toClassifiedColumn(finding: ColumnFinding): ClassifyItem['columns'][number] {
  const { schema, table, column, type, values, classes, nameSays, rule, proposal } = finding;
  return {
    ...{ schema, table, column, type, values },
    classes: classes.map((each) => ({
      class: each.class,
      share: rounded(each.found / values),
      wholeShare: rounded(each.whole / values),
    })),
    nameSays: nameSays ?? null,
    rule: rule ?? null,
    proposal: proposal ?? null,
  };
}

export function tablesFilter(glob: string): (schema: string, table: string) => boolean {
  const [schemas, tables] = glob.split('.') as [string, string];
  return (schema, table) => globMatches(schemas, schema) && globMatches(tables, table);
}

function rounded(share_: number): number {
  return Math.round(share_ * 1000) / 1000;
}
