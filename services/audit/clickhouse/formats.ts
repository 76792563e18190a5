import { ProtocolException } from './exception.js';

const text = 'text/plain; charset=UTF-8';
const json = 'application/json; charset=UTF-8';
const lines = 'application/x-ndjson; charset=UTF-8';
const tabs = 'text/tab-separated-values; charset=UTF-8';
const commas = 'text/csv; charset=UTF-8';
const bytes = 'application/octet-stream';

/** What a result may be written as, and what each is on the wire. None of them reads or writes anything else. */
const contentTypes: ReadonlyMap<string, string> = new Map([
  ['JSON', json],
  ['JSONStrings', json],
  ['JSONCompact', json],
  ['JSONCompactStrings', json],
  ['JSONColumnsWithMetadata', json],
  ['JSONEachRow', lines],
  ['NDJSON', lines],
  ['JSONLines', lines],
  ['JSONStringsEachRow', lines],
  ['JSONCompactEachRow', lines],
  ['JSONCompactEachRowWithNames', lines],
  ['JSONCompactEachRowWithNamesAndTypes', lines],
  ['JSONCompactStringsEachRow', lines],
  ['JSONCompactStringsEachRowWithNames', lines],
  ['JSONCompactStringsEachRowWithNamesAndTypes', lines],
  ['TabSeparated', tabs],
  ['TabSeparatedWithNames', tabs],
  ['TabSeparatedWithNamesAndTypes', tabs],
  ['TSV', tabs],
  ['TSVWithNames', tabs],
  ['TSVWithNamesAndTypes', tabs],
  ['CSV', commas],
  ['CSVWithNames', commas],
  ['CSVWithNamesAndTypes', commas],
  ['Native', bytes],
  ['RowBinary', bytes],
  ['RowBinaryWithNames', bytes],
  ['RowBinaryWithNamesAndTypes', bytes],
  ['Pretty', text],
  ['PrettyCompact', text],
  ['PrettyCompactMonoBlock', text],
  ['Vertical', text],
  ['Markdown', text],
  ['Null', text],
]);

/** What the server writes where nobody names a format. */
export const defaultFormat = 'TabSeparated';

/** Throws unless the format is one that is written here. */
export function contentTypeOf(format: string): string {
  const contentType = contentTypes.get(format);
  if (contentType !== undefined) return contentType;
  const shown = /^\w{1,64}$/.test(format) ? format : 'of this name';
  throw new ProtocolException(
    73,
    'UNKNOWN_FORMAT',
    400,
    `Format ${shown} is not available here; there are ${[...contentTypes.keys()].join(', ')}`,
  );
}
