import { AppError } from '#kernel';
import { redactText, type RedactionContext } from './error-redaction-text.js';

export type { RedactionContext } from './error-redaction-text.js';

/*
 * ErrorResponse (B), NoticeResponse (B): 'E' or 'N' length:int32 [ field:byte1 value:string ]* 0
 * https://www.postgresql.org/docs/current/protocol-error-fields.html
 */

/** What becomes of a field; one that is not here is dropped. */
const fields: Record<string, ((value: string, context: RedactionContext) => string | undefined) | undefined> =
  {
    S: severity,
    V: severity,
    C: (value) => (/^[0-9A-Z]{5}$/.test(value) ? value : 'XX000'),
    M: redactText,
    H: redactText,
    P: (value) => (/^[0-9]{1,9}$/.test(value) ? value : undefined),
    // Schema, table, column, data type, constraint: RAISE may fill them with anything, so only real names stay.
    s: catalogName,
    t: catalogName,
    c: catalogName,
    d: catalogName,
    n: catalogName,
  };

/**
 * An ErrorResponse or NoticeResponse (whole message) without any value of the database: DETAIL, CONTEXT,
 * internal query, file, line and routine are dropped; message and hint keep only what can't be a value.
 */
export function redactError(frame: Buffer, context: RedactionContext): Buffer {
  const type = frame[0];
  if ((type !== 0x45 && type !== 0x4e) || frame.length < 6 || frame.readInt32BE(1) !== frame.length - 1) {
    throw new AppError('PROTOCOL_VIOLATION', 'the target sent an error or notice of false length');
  }
  const body: Buffer[] = [];
  for (let i = 5; i < frame.length && frame[i] !== 0;) {
    const end = frame.indexOf(0, i + 1);
    if (end < 0)
      throw new AppError('PROTOCOL_VIOLATION', 'the target sent an error or notice without an end');
    const field = String.fromCharCode(frame[i]!);
    const value = fields[field]?.(frame.toString('utf8', i + 1, end), context);
    if (value !== undefined) body.push(Buffer.from(`${field}${value}\0`));
    i = end + 1;
  }
  const length = body.reduce((sum, field) => sum + field.length, 5);
  const header = Buffer.from([type, 0, 0, 0, 0]);
  header.writeInt32BE(length, 1);
  return Buffer.concat([header, ...body, Buffer.from([0])]);
}

/** The server's own words, translated where it speaks another language; never a value. */
function severity(value: string): string {
  return value.length <= 20 ? value : 'ERROR';
}

function catalogName(value: string, context: RedactionContext): string | undefined {
  return context.isCatalogName(value) ? value : undefined;
}

/** Settings that a client may be told of, and what each may say: set_config can put a value into some of them. */
const shownSettings: Record<string, RegExp | undefined> = {
  server_version: /^[\w.+~:() -]{1,120}$/,
  server_encoding: /^\w{1,30}$/,
  client_encoding: /^\w{1,30}$/,
  DateStyle: /^(?:ISO|SQL|Postgres|German)(?:, (?:MDY|DMY|YMD))?$/,
  IntervalStyle: /^(?:postgres|postgres_verbose|sql_standard|iso_8601)$/,
  TimeZone:
    /^(?:[A-Z]\w{0,30}(?:\/[A-Z][\w+-]{0,30}){1,2}|UTC|GMT|Etc\/\w[\w+-]{0,10}|[A-Z]{3,4}|<[+-]\d\d(?::?\d\d)?>[+-]\d\d(?::\d\d)?)$/,
  integer_datetimes: /^(?:on|off)$/,
  standard_conforming_strings: /^(?:on|off)$/,
  in_hot_standby: /^(?:on|off)$/,
  default_transaction_read_only: /^(?:on|off)$/,
  scram_iterations: /^\d{1,10}$/,
};

/*
 * ParameterStatus (B): 'S' length:int32 name:string value:string
 */

/**
 * A ParameterStatus (whole message) as the client may see it; undefined: it is dropped, as is any that is not
 * on the list. `isOwn` answers for application_name, which is shown only if the client itself chose its value.
 * session_authorization and is_superuser speak of the target's user and are never shown.
 */
export function redactParameterStatus(
  frame: Buffer,
  isOwn: (value: string) => boolean = () => false,
): Buffer | undefined {
  const nameEnd = frame.indexOf(0, 5);
  const valueEnd = frame.indexOf(0, nameEnd + 1);
  if (frame[0] !== 0x53 || nameEnd < 0 || valueEnd !== frame.length - 1) {
    throw new AppError('PROTOCOL_VIOLATION', 'the target sent a malformed parameter status');
  }
  const name = frame.toString('utf8', 5, nameEnd);
  const value = frame.toString('utf8', nameEnd + 1, valueEnd);
  const shown = name === 'application_name' ? isOwn(value) : (shownSettings[name]?.test(value) ?? false);
  return shown ? frame : undefined;
}
