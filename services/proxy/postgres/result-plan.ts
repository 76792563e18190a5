import type { ResultField } from '#masking';
import type { GateSession, Judgement, ResultColumnRecord } from '../gate/gate.js';
import type { Catalog } from './catalog.js';
import { formatOf, noticeResponse, readRowDescription, type Field, type Format } from './codec.js';
import type { TypeKind } from './masking-types.js';
import { planResult, type RowPlan } from './masking.js';

/** How one result goes to the client, and how its record begins. */
export interface PlannedResult {
  /** The RowDescription that it was made from; the same bytes again give the same plan. */
  readonly description: Buffer;
  readonly catalog: Catalog;
  readonly judgement: Judgement;
  readonly rows: RowPlan;
  readonly fields: readonly ResultField[];
  readonly columns: readonly ResultColumnRecord[];
  /** Tells the client what is masked; absent where nothing is. */
  readonly notice: Buffer | undefined;
  takeCounts(into: Map<string, number>): void;
}

/**
 * Plans a result from its RowDescription (whole message). `formats` are Bind's result formats where the
 * description came from Describe of a statement (which always says text); else the description's own.
 * Undefined: a column's origin is not in the catalog, which must be refreshed before a row may pass.
 */
export function planDescription(
  description: Buffer,
  formats: readonly Format[] | undefined,
  context: { catalog: Catalog; judgement: Judgement; session: GateSession },
  whenUnknown: 'refresh' | 'mask' = 'refresh',
): PlannedResult | undefined {
  const fields: ResultField[] = [];
  const described = readRowDescription(description, 0, description.length);
  for (const [i, field] of described.entries()) {
    const mask = maskOf(field, context, whenUnknown);
    if (mask === 'unknown') return undefined;
    fields.push({
      name: field.name,
      typeOid: context.catalog.baseType(field.typeOid),
      format: formats ? formatOf(formats, i) : field.format,
      mask,
    });
  }
  const rows = planResult(fields, context.session.masking(), (oid) => knownType(oid, context.catalog));
  return {
    description: Buffer.from(description),
    catalog: context.catalog,
    judgement: context.judgement,
    rows,
    fields,
    columns: fields.map((field, i) => columnRecord(field, described[i]!.typeOid)),
    notice: maskNotice(fields),
    takeCounts: (into) => rows.takeCounts(into),
  };
}

function maskOf(
  field: Field,
  { catalog, judgement, session }: { catalog: Catalog; judgement: Judgement; session: GateSession },
  whenUnknown: 'refresh' | 'mask',
): ResultField['mask'] | 'unknown' {
  // Without an origin (an expression, a union, a set-returning function) only the name is left: the guard has
  // refused what could carry a masked value under another one.
  if (field.tableOid === 0) {
    return judgement.maskedNames.has(field.name) ? { class: 'derived', transform: 'whole' } : 'unclassified';
  }
  const mask = catalog.columnMask(field.tableOid, field.attnum);
  if (mask === 'none') return 'unclassified';
  if (mask === 'unknown')
    return whenUnknown === 'refresh' ? 'unknown' : { class: 'unknown', transform: 'whole' };
  return session.reveals(mask.class) ? 'revealed' : mask;
}

/** Types that only the target's catalog knows. An enum's values are names of the schema, not data. */
function knownType(oid: number, catalog: Catalog): TypeKind | undefined {
  return catalog.isEnum(oid) ? 'inert' : undefined;
}

function columnRecord(field: ResultField, typeOid: number): ResultColumnRecord {
  const masked = typeof field.mask === 'object' ? field.mask : undefined;
  return {
    name: field.name,
    typeOid,
    format: field.format,
    mask: masked?.transform ?? '',
    class: masked?.class ?? '',
  };
}

function maskNotice(fields: readonly ResultField[]): Buffer | undefined {
  const masked = fields.flatMap((f) =>
    typeof f.mask === 'object' ? [`${f.name} (${f.mask.class}, ${f.mask.transform})`] : [],
  );
  if (masked.length === 0) return undefined;
  return noticeResponse({
    severity: 'NOTICE',
    sqlstate: '00000',
    message: `Weirkeeper masked: ${masked.join(', ')}`,
  });
}
