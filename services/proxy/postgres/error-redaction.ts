import { AppError } from '#kernel';
import { redactText, type RedactionContext } from './error-redaction-text.js';

export type { RedactionContext } from './error-redaction-text.js';

/*
 * ErrorResponse (B), NoticeResponse (B): 'E' or 'N' length:int32 [ field:byte1 value:string ]* 0
 * https://www.postgresql.org/docs/current/protocol-error-fields.html
 */

/** Fields whose form says that they are no value of the database. */
const forms: Record<string, ((value: string) => string | undefined) | undefined> = {
  S: severity,
  V: severity,
  C: (value) => (/^[0-9A-Z]{5}$/.test(value) ? value : 'XX000'),
  P: (value) => (/^[0-9]{1,9}$/.test(value) ? value : undefined),
};

/** What becomes of a field; one that is not here is dropped. */
const fields: Record<string, ((value: string, context: RedactionContext) => string | undefined) | undefined> =
  {
    ...forms,
    M: redactText,
    H: redactText,
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
  return rewriteFields(frame, (field, value) => {
    const shown = fields[field]?.(value.toString('utf8'), context);
    return shown === undefined ? undefined : Buffer.from(shown);
  });
}

/** Writes a text with what the classifiers find in it masked; undefined: they find nothing. */
export type Classify = (text: Buffer) => Buffer | undefined;

/**
 * The same where no rule masks a column of the connection: a message can hold no masked column's value, so it is a
 * result like any other, whole but for what the classifiers find. What clients act on keeps its form.
 */
export function classifyError(frame: Buffer, classify: Classify): Buffer {
  return rewriteFields(frame, (field, value) => {
    const form = forms[field];
    if (!form) return classify(value) ?? value;
    const shown = form(value.toString('utf8'));
    return shown === undefined ? undefined : Buffer.from(shown);
  });
}

function rewriteFields(frame: Buffer, rewrite: (field: string, value: Buffer) => Buffer | undefined): Buffer {
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
    const value = rewrite(field, frame.subarray(i + 1, end));
    if (value !== undefined) body.push(frame.subarray(i, i + 1), value, endOfText);
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

const endOfText = Buffer.from([0]);

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
 * NotificationResponse (B): 'A' length:int32 process:int32 channel:string payload:string
 */

/** What another session sends: passed on only where no rule masks a column, whole but for what the classifiers find. */
export function classifyNotification(frame: Buffer, classify: Classify): Buffer {
  const channelEnd = frame.indexOf(0, 9);
  if (frame[0] !== 0x41 || channelEnd < 9 || frame.indexOf(0, channelEnd + 1) !== frame.length - 1) {
    throw new AppError('PROTOCOL_VIOLATION', 'the target sent a malformed notification');
  }
  const [channel, payload] = [frame.subarray(9, channelEnd), frame.subarray(channelEnd + 1, -1)];
  const texts = [classify(channel) ?? channel, endOfText, classify(payload) ?? payload, endOfText];
  const out = Buffer.concat([frame.subarray(0, 9), ...texts]);
  out.writeInt32BE(out.length - 1, 1);
  return out;
}

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
