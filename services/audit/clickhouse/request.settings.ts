import { badArgument, notImplemented, ProtocolException } from './exception.js';

/** What a client may ask for one query. */
export interface RequestSettings {
  /** Milliseconds. */
  readonly timeLimit?: number;
  /** Rows to give of a SELECT. */
  readonly limit?: number;
}

/** Say nothing about the result, or only how a server sends it: clients send them of their own accord. */
const ignored = new Set([
  'add_http_cors_header',
  'buffer_size',
  'cancel_http_readonly_queries_on_client_close',
  'client_protocol_version',
  'enable_http_compression',
  'http_headers_progress_interval_ms',
  'http_response_buffer_size',
  'http_write_exception_in_output_format',
  'http_zlib_compression_level',
  'log_comment',
  'network_compression_method',
  'quota_key',
  'readonly',
  'send_progress_in_http_headers',
  'wait_end_of_query',
]);

/** As they are here: whoever asks for just that gets it. */
const fixed: ReadonlyMap<string, readonly string[]> = new Map([
  ['compress', ['0', 'false']],
  ['decompress', ['0', 'false']],
  ['date_time_output_format', ['simple']],
  ['output_format_json_quote_64bit_integers', ['0', 'false']],
  ['output_format_json_quote_denormals', ['1', 'true']],
  ['session_timezone', ['UTC']],
]);

/** Reads what stands beside the query in the address, but for what `request.ts` knows by name. Fails closed. */
export function readSettings(given: ReadonlyMap<string, string>): RequestSettings {
  const settings: { timeLimit?: number; limit?: number } = {};
  for (const [name, value] of given) {
    if (ignored.has(name) || fixed.get(name)?.includes(value)) continue;
    if (name === 'max_execution_time') settings.timeLimit = 1000 * numberOf(name, value);
    else if (name === 'limit') settings.limit = numberOf(name, value);
    else throw refusedSetting(name);
  }
  return {
    // to the server 0 says "no limit": ours holds
    ...(settings.timeLimit ? { timeLimit: Math.max(settings.timeLimit, 1) } : {}),
    ...(settings.limit ? { limit: Math.floor(settings.limit) } : {}),
  };
}

function numberOf(name: string, value: string): number {
  if (!/^\d{1,9}(?:\.\d{1,6})?$/.test(value)) throw badArgument(`Setting ${name} is not a number`);
  return Number(value);
}

function refusedSetting(name: string): ProtocolException {
  if (name === 'compress' || name === 'decompress')
    return notImplemented(
      `${name}=1 (ClickHouse's own compression) is not available here; send Accept-Encoding: gzip`,
    );
  if (/^session_|^close_session$/.test(name)) return notImplemented('There are no sessions here');
  if (name === 'role') return notImplemented('Roles are those of the token');
  const shown = /^\w{1,64}$/.test(name) ? `'${name}' ` : '';
  return new ProtocolException(
    164,
    'READONLY',
    400,
    `Cannot modify ${shown}setting in readonly mode: it is not one of those that are taken here`,
  );
}
