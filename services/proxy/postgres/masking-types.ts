/**
 * What a type's values look like on the wire, as far as masking must know:
 * - text: the same bytes in both formats; json and jsonb likewise, but for jsonb's version byte in binary
 * - the arrays of these: `{…}` in text, a header and sized elements in binary
 * - inert: a value can't hold a text (numbers, dates, uuid, …): classifiers need not look
 * - other: anything else, known or not (enums, composites, ranges of text, extensions' types)
 */
export type TypeKind = 'text' | 'json' | 'jsonb' | 'text[]' | 'json[]' | 'jsonb[]' | 'inert' | 'other';

/** OIDs below 16384 are fixed by PostgreSQL (pg_type.dat); what an extension or a user makes is not here. */
const oids: Record<Exclude<TypeKind, 'other'>, readonly number[]> = {
  // text, varchar, bpchar, name, unknown, xml, cstring
  text: [25, 1043, 1042, 19, 705, 142, 2275],
  json: [114],
  jsonb: [3802],
  'text[]': [1009, 1015, 1014, 1003, 143, 1263],
  'json[]': [199],
  'jsonb[]': [3807],
  inert: [
    // bool, bytea, "char", int8, int2, int2vector, int4, oid, tid, xid, cid, oidvector, float4, float8, money, void
    16, 17, 18, 20, 21, 22, 23, 26, 27, 28, 29, 30, 700, 701, 790, 2278,
    // point, lseg, path, box, polygon, line, circle
    600, 601, 602, 603, 604, 628, 718,
    // cidr, inet, macaddr, macaddr8
    650, 869, 829, 774,
    // date, time, timestamp, timestamptz, interval, timetz, bit, varbit, numeric, uuid, pg_lsn, xid8
    1082, 1083, 1114, 1184, 1186, 1266, 1560, 1562, 1700, 2950, 3220, 5069,
    // ranges and multiranges of int4, num, ts, tstz, date, int8
    3904, 3906, 3908, 3910, 3912, 3926, 4451, 4532, 4533, 4534, 4535, 4536,
    // arrays of bool, bytea, "char", int2, int4, int8, oid, float4, float8, numeric, uuid
    1000, 1001, 1002, 1005, 1007, 1016, 1028, 1021, 1022, 1231, 2951,
    // arrays of time, timestamp, timestamptz, date, interval, timetz, inet, cidr
    1183, 1115, 1185, 1182, 1187, 1270, 1041, 651,
  ],
}; // prettier-ignore

const kinds = new Map<number, TypeKind>(
  Object.entries(oids).flatMap(([kind, list]) => list.map((oid) => [oid, kind as TypeKind] as const)),
);

/** Tells apart types that only the target's catalog knows: citext is 'text'. Undefined: unknown. */
export type TypeResolver = (oid: number) => TypeKind | undefined;

export function typeKind(oid: number, resolve?: TypeResolver): TypeKind {
  return kinds.get(oid) ?? resolve?.(oid) ?? 'other';
}
