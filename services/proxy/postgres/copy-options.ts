import { AppError } from '#kernel';

/** How COPY TO writes rows. The bytes are single: PostgreSQL takes no others. */
export interface CopyOutOptions {
  readonly format: 'text' | 'csv' | 'binary';
  readonly delimiter: number;
  readonly nullText: Buffer;
  readonly quote: number;
  readonly escape: number;
  readonly header: boolean;
}

/**
 * COPY's options from the statement, by their names in lower case, values as written (`true` where there is
 * none). Defaults are PostgreSQL's. An option that is not known may change how rows look, so it is refused.
 */
export function copyOutOptions(given: Iterable<readonly [name: string, value: unknown]>): CopyOutOptions {
  const options = new Map(given);
  for (const name of options.keys()) {
    if (!known.has(name)) throw refused(`COPY's option ${name} is not supported`);
  }
  const encoding = textOf(options.get('encoding'));
  if (encoding !== undefined && !/^utf-?8$/i.test(encoding)) throw refused('COPY is taken in UTF8 only');
  const format = formatOf(options.get('format'));
  const isCsv = format === 'csv';
  const quote = single(options.get('quote'), 'QUOTE', '"');
  return {
    format,
    delimiter: single(options.get('delimiter'), 'DELIMITER', isCsv ? ',' : '\t'),
    nullText: Buffer.from(textOf(options.get('null')) ?? (isCsv ? '' : '\\N')),
    quote,
    escape: single(options.get('escape'), 'ESCAPE', String.fromCharCode(quote)),
    header: isOn(options.get('header')),
  };
}

// force_quote changes nothing here: a field that came quoted goes quoted. freeze and force_null are COPY FROM's.
const known = new Set([
  'format',
  'delimiter',
  'null',
  'quote',
  'escape',
  'header',
  'force_quote',
  'encoding',
]);

function formatOf(value: unknown): CopyOutOptions['format'] {
  const format = textOf(value) ?? 'text';
  if (format === 'text' || format === 'csv' || format === 'binary') return format;
  throw refused(`COPY's format ${format} is not supported`);
}

function single(value: unknown, name: string, fallback: string): number {
  const text = textOf(value) ?? fallback;
  if (text.length !== 1 || text.charCodeAt(0) > 0x7f)
    throw refused(`COPY's ${name} must be one ASCII character`);
  return text.charCodeAt(0);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isOn(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value !== 0;
  return typeof value === 'string' && /^(?:t|tr|tru|true|on|1|y|ye|yes)$/i.test(value);
}

function refused(message: string): AppError {
  return new AppError('STATEMENT_DENIED', message);
}
