import { createHash } from 'node:crypto';
import { LineCounter, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import { AppError } from '#kernel';

const value = z.union([z.number(), z.string()]);

const header = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'expected small letters, digits, `-`'),
  title: z.string().min(1),
  severity: z.enum(['low', 'medium', 'high', 'critical']),
  technique: z.string().regex(/^T\d{4}(\.\d{3})?$/, 'expected a technique of MITRE ATT&CK, e.g. T1530'),
  schedule: z.enum(['stream', 'hour', 'day']),
  learning: z.number().int().min(0).max(365).default(0),
  parameters: z
    .record(
      z.string().regex(/^[a-z][a-zA-Z0-9_]*$/, 'expected a plain name'),
      z.union([value, z.array(value)]),
    )
    .default({}),
  risk: z.enum(['none', 'watch', 'high']).default('none'),
  riskFor: z.number().min(0).max(8760).default(24),
  quarantine: z.enum(['watch', 'approve', 'nothing_sensitive', 'blocked']).optional(),
  explain: z.string().min(1),
});

export type DetectorHeader = z.infer<typeof header>;

/** A detector as its file says it; its SQL is not looked at yet. */
export interface DetectorFile extends DetectorHeader {
  /** The file's name, for messages. */
  readonly file: string;
  /** Hex SHA-256 of the file's text. */
  readonly version: string;
  readonly sql: string;
  /** The line of the file on which it begins. */
  readonly sqlLine: number;
}

/** Reads a detector's text. CONFIG_INVALID has a line `file:line: what is wrong` for each thing that is. */
export function parseDetector(file: string, text: string): DetectorFile {
  const lines = text.split(/\r?\n/);
  const end = lines.findIndex((line) => !line.startsWith('--'));
  const comment = lines.slice(0, end < 0 ? lines.length : end);
  const below = lines.slice(comment.length);
  const sql = below.join('\n').trim();
  if (comment.length === 0) throw invalid([`${file}:1: a detector begins with its header, a comment`]);
  if (sql === '') throw invalid([`${file}:${comment.length}: there is no query below the header`]);
  const version = createHash('sha256').update(text).digest('hex');
  const sqlLine = comment.length + 1 + below.findIndex((line) => line.trim() !== '');
  return { ...readHeader(file, comment), file, version, sql, sqlLine };
}

/** YAML, a line of it in each line of the comment: so that its lines are the file's. */
function readHeader(file: string, comment: readonly string[]): DetectorHeader {
  const counter = new LineCounter();
  const yaml = comment.map((line) => line.replace(/^-- ?/, '')).join('\n');
  const document = parseDocument(yaml, { lineCounter: counter, prettyErrors: false });
  const at = (offset: number) => `${file}:${counter.linePos(offset).line}`;
  if (document.errors.length > 0)
    throw invalid(
      document.errors.map(({ pos: [offset], message }) => `${at(offset)}: ${message.split('\n')[0]}`),
    );
  const parsed = header.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  throw invalid(
    parsed.error.issues.map((issue) => {
      const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
      const message = issue.code === 'unrecognized_keys' ? 'unknown key' : issue.message;
      return `${at(offsetOf(document, path))}: ${path.join('.')}: ${message}`;
    }),
  );
}

/** Of the value, or of what is nearest to where it should be. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as { range?: readonly number[] } | undefined;
    if (node?.range) return node.range[0] ?? 0;
  }
  return 0;
}

export const invalid = (problems: readonly string[], cause?: unknown): AppError =>
  new AppError('CONFIG_INVALID', problems.join('\n'), cause === undefined ? {} : { cause });
