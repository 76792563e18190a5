import { z } from 'zod';
import type { Incident } from './incident.js';
import type { OnMalformed } from './left-out.js';

/** An incident and the line that it begins on, from 1. */
export interface Label {
  readonly line: number;
  readonly incident: Incident;
}

const time = z.iso.datetime().transform((text) => Date.parse(text));
const list = z.string().transform((text) => text.split(' ').filter((each) => each !== ''));
const name = z.string().min(1);

const columns = z.object({
  ...{ id: name, kind: name, form: z.enum(['plain', 'stealthy']), identity: name, connection: z.string() },
  ...{ magnitude: z.string().min(1).pipe(z.coerce.number()), from: time, to: time },
  ...{ sessions: list, statements: list, tables: list },
});
const shape = columns.refine(({ from, to }) => from <= to, { path: ['to'], message: 'is before from' });
const header = Object.keys(columns.shape);

/** The incidents of labels.csv (docs/ingest-format.md); a malformed record keeps no other from loading. Throws for another header. */
export function labelsOf(text: string, onMalformed: OnMalformed): Label[] {
  const [head, ...records] = recordsOf(text.replace(/^\ufeff/, ''));
  const names = head?.fields ?? [];
  const missing = header.filter((each) => !names.includes(each));
  if (missing.length > 0) throw new Error(`line 1: the header has no ${missing.join(', ')}`);
  return records.flatMap(({ line, fields }) => {
    if (fields.length === 1 && fields[0] === '') return [];
    const parsed = shape.safeParse(Object.fromEntries(names.map((each, i) => [each, fields[i]])));
    if (!parsed.success) {
      onMalformed(
        line,
        parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
      );
      return [];
    }
    const { sessions: sessionIds, statements: statementIds, ...others } = parsed.data;
    return [{ line, incident: { ...others, sessionIds, statementIds } }];
  });
}

interface CsvRecord {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** RFC 4180: a field in quotes may hold commas, line ends and, doubled, quotes. */
const field = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/y;

function recordsOf(text: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  let [line, at, fields]: [number, number, string[]] = [1, 0, []];
  let begun = line;
  while (at < text.length) {
    field.lastIndex = at;
    const found = field.exec(text);
    // A quote that does not close: the rest of the line is taken as it stands.
    const [whole, quoted, plain = '', end = ''] = found ?? restOfLine(text, at);
    fields.push(quoted?.replaceAll('""', '"') ?? plain);
    at += whole.length;
    line += whole.split('\n').length - 1;
    if (end === ',' && at < text.length) continue;
    records.push({ line: begun, fields });
    [fields, begun] = [[], line];
  }
  return records;
}

function restOfLine(text: string, at: number): readonly [string, undefined, string, string] {
  const end = text.indexOf('\n', at);
  const rest = text.slice(at, end < 0 ? text.length : end + 1);
  return [rest, undefined, rest.trimEnd(), '\n'];
}
