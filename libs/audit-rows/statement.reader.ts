import type { ResultChunk, StatementOutcome, StatementReceived } from '#events';
import { bytesKey, giveUp, Unusual, WireReader } from './wire.reader.js';

/** A message's fields without what makes it one for the library. */
export type Fields<T> = {
  -readonly [Name in Exclude<keyof T, '$typeName' | '$unknown'>]: undefined extends T[Name]
    ? T[Name] | undefined
    : T[Name];
};

type Read<T> = (bytes: Uint8Array) => Fields<T> | undefined;

/**
 * Two messages are nearly all that there is, and the library takes most of a row's time to read them and to write them as
 * JSON: these read the same fields. Undefined for whatever is out of the ordinary (a field that they do not know, bytes
 * that are no UTF-8, a number past 2^53). A test holds them against the library.
 */
export const readReceived: Read<StatementReceived> = (bytes) => quickly(() => received(WireReader.of(bytes)));
export const readOutcome: Read<StatementOutcome> = (bytes) => quickly(() => outcome(WireReader.of(bytes)));

function quickly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Unusual) return undefined;
    throw error;
  }
}

const noBytes = Buffer.alloc(0);

function received(wire: WireReader): Fields<StatementReceived> {
  // One literal: pieces put together cost as much as all the reading.
  // prettier-ignore
  const read = {
    statementId: '', textHash: noBytes, text: '', fingerprint: '', how: '', kinds: [], reads: [], writes: [],
    columns: [], functions: [], parameters: [], decision: '', reason: '', policyIds: [], snapshot: '',
    approvalId: '', maxRows: 0n, portal: '', notify: [], lookupsUsed: 0n, lookupsLimit: 0n, through: [],
  } as Fields<StatementReceived>;
  for (let key = wire.key(); key !== 0; key = wire.key())
    if (key === bytesKey(1)) read.statementId = wire.text();
    else if (key === bytesKey(2)) read.textHash = wire.blob() as Uint8Array<ArrayBuffer>;
    else if (key === bytesKey(3)) read.text = wire.text();
    else if (key === bytesKey(4)) read.fingerprint = wire.text();
    else if (key === bytesKey(5)) read.how = wire.text();
    else if (key === bytesKey(6)) read.kinds.push(wire.text());
    else if (key === bytesKey(7)) read.reads.push(table(wire.message()) as StatementReceived['reads'][0]);
    else if (key === bytesKey(8)) read.writes.push(table(wire.message()) as StatementReceived['writes'][0]);
    else if (key === bytesKey(9))
      read.columns.push(column(wire.message()) as StatementReceived['columns'][0]);
    else if (key === bytesKey(10)) read.functions.push(wire.text());
    else if (key === bytesKey(11))
      read.parameters.push(parameter(wire.message()) as StatementReceived['parameters'][0]);
    else if (key === bytesKey(12)) read.decision = wire.text();
    else if (key === bytesKey(13)) read.reason = wire.text();
    else if (key === bytesKey(14)) read.policyIds.push(wire.text());
    else if (key === bytesKey(15)) read.snapshot = wire.text();
    else if (key === bytesKey(16)) read.approvalId = wire.text();
    else if (key === 17 << 3) read.maxRows = BigInt(wire.number());
    else if (key === bytesKey(18)) read.portal = wire.text();
    else if (key === bytesKey(19)) read.notify.push(wire.text());
    else if (key === 20 << 3) read.lookupsUsed = BigInt(wire.number());
    else if (key === 21 << 3) read.lookupsLimit = BigInt(wire.number());
    else if (key === bytesKey(22))
      read.through.push(table(wire.message()) as StatementReceived['through'][0]);
    else giveUp();
  return read;
}

function table(wire: WireReader) {
  const read = { schema: '', name: '' };
  for (let key = wire.key(); key !== 0; key = wire.key())
    if (key === bytesKey(1)) read.schema = wire.text();
    else if (key === bytesKey(2)) read.name = wire.text();
    else giveUp();
  return read;
}

function column(wire: WireReader) {
  const read = { schema: '', table: '', column: '' };
  for (let key = wire.key(); key !== 0; key = wire.key())
    if (key === bytesKey(1)) read.schema = wire.text();
    else if (key === bytesKey(2)) read.table = wire.text();
    else if (key === bytesKey(3)) read.column = wire.text();
    else giveUp();
  return read;
}

function parameter(wire: WireReader) {
  const read = { value: '', null: false, note: '' };
  for (let key = wire.key(); key !== 0; key = wire.key())
    if (key === bytesKey(1)) read.value = wire.text();
    else if (key === 2 << 3) read.null = wire.number() !== 0;
    else if (key === bytesKey(3)) read.note = wire.text();
    else giveUp();
  return read;
}

function outcome(wire: WireReader): Fields<StatementOutcome> {
  // prettier-ignore
  const read: Fields<StatementOutcome> = {
    statementId: '', status: '', commandTag: '', sqlstate: '', message: '', rows: 0n, bytes: 0n, durationUs: 0n,
    masked: {}, resultDigest: noBytes, recordingCut: false, result: undefined, revealed: {},
  };
  for (let key = wire.key(); key !== 0; key = wire.key())
    if (key === bytesKey(1)) read.statementId = wire.text();
    else if (key === bytesKey(2)) read.status = wire.text();
    else if (key === bytesKey(3)) read.commandTag = wire.text();
    else if (key === bytesKey(4)) read.sqlstate = wire.text();
    else if (key === bytesKey(5)) read.message = wire.text();
    else if (key === 6 << 3) read.rows = BigInt(wire.number());
    else if (key === 7 << 3) read.bytes = BigInt(wire.number());
    else if (key === 8 << 3) read.durationUs = BigInt(wire.number());
    else if (key === bytesKey(9)) addCount(wire.message(), read.masked);
    else if (key === bytesKey(10)) read.resultDigest = wire.blob() as Uint8Array<ArrayBuffer>;
    else if (key === 11 << 3) read.recordingCut = wire.number() !== 0;
    // A message that comes twice is merged: not here.
    else if (key === bytesKey(12) && !read.result) read.result = chunk(wire.message()) as ResultChunk;
    else if (key === bytesKey(13)) addCount(wire.message(), read.revealed);
    else giveUp();
  return read;
}

function addCount(wire: WireReader, counts: Record<string, bigint>): void {
  let [name, count] = ['', 0n];
  for (let key = wire.key(); key !== 0; key = wire.key())
    if (key === bytesKey(1)) name = wire.text();
    else if (key === 2 << 3) count = BigInt(wire.number());
    else giveUp();
  if (name === '__proto__') giveUp();
  counts[name] = count;
}

function chunk(wire: WireReader): Fields<ResultChunk> {
  const read = { statementId: '', index: 0, columns: [], rows: [], frames: noBytes, rowCount: 0 };
  const into = read as unknown as Fields<ResultChunk>;
  for (let key = wire.key(); key !== 0; key = wire.key())
    if (key === bytesKey(1)) into.statementId = wire.text();
    else if (key === 2 << 3) into.index = uint32(wire);
    else if (key === bytesKey(3))
      into.columns.push(resultColumn(wire.message()) as ResultChunk['columns'][0]);
    else if (key === bytesKey(5)) into.frames = wire.blob() as Uint8Array<ArrayBuffer>;
    else if (key === 6 << 3) into.rowCount = uint32(wire);
    else giveUp();
  return into;
}

function resultColumn(wire: WireReader) {
  const read = { name: '', typeOid: 0, mask: '', class: '', format: 0 };
  for (let key = wire.key(); key !== 0; key = wire.key())
    if (key === bytesKey(1)) read.name = wire.text();
    else if (key === 2 << 3) read.typeOid = uint32(wire);
    else if (key === bytesKey(3)) read.mask = wire.text();
    else if (key === bytesKey(4)) read.class = wire.text();
    else if (key === 5 << 3) read.format = uint32(wire);
    else giveUp();
  return read;
}

function uint32(wire: WireReader): number {
  const value = wire.number();
  return value <= 0xffff_ffff ? value : giveUp();
}
