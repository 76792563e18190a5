import type { ResultField } from '#masking';
import type { MaskedColumn } from '#statement';
import type { GateSession, Judgement, ResultColumnRecord } from '../gate/gate.js';
import { outputAt } from '../gate/masked-outputs.js';
import { oneClass } from './catalog-mask.js';
import type { Catalog } from './catalog.js';
import { formatOf, noticeResponse, readRowDescription, type Field, type Format } from './codec.js';
import type { TypeKind } from './masking-types.js';
import { planResult, type RowPlan } from './masking.js';

/** How one result goes to the client, and how its record begins. */
export interface PlannedResult {
  /** The RowDescription that it was made from; the same bytes again give the same plan. */
  readonly description: Buffer;
  /** The catalog's. */
  readonly catalogKey: object;
  readonly judgement: Judgement;
  readonly rows: RowPlan;
  readonly fields: readonly ResultField[];
  readonly columns: readonly ResultColumnRecord[];
  /** Tells the client what is masked; absent where nothing is. */
  readonly notice: Buffer | undefined;
  takeCounts(into: Map<string, number>): void;
  takeRevealed(into: Map<string, number>): void;
}

/** What a result belongs to: the statement of a text, counted from 0. */
export interface PlanContext {
  readonly catalog: Catalog;
  readonly judgement: Judgement;
  readonly statement: number;
  readonly session: GateSession;
}

/**
 * Plans a result from its RowDescription (whole message). `formats` are Bind's result formats where the
 * description came from Describe of a statement (which always says text); else the description's own.
 * Undefined: a column's origin is not in the catalog, which must be refreshed before a row may pass.
 */
export function planDescription(
  description: Buffer,
  formats: readonly Format[] | undefined,
  context: PlanContext,
  whenUnknown: 'refresh' | 'mask' = 'refresh',
): PlannedResult | undefined {
  const fields: ResultField[] = [];
  const described = readRowDescription(description, 0, description.length);
  for (const [i, field] of described.entries()) {
    const treatment = treatmentOf(field, i, described.length, context, whenUnknown);
    if (treatment === 'unknown') return undefined;
    fields.push({
      name: field.name,
      typeOid: context.catalog.baseType(field.typeOid),
      format: formats ? formatOf(formats, i) : field.format,
      ...treatment,
    });
  }
  const rows = planResult(fields, context.session.masking(), (oid) => knownType(oid, context.catalog));
  return {
    description: Buffer.from(description),
    catalogKey: context.catalog.key,
    judgement: context.judgement,
    rows,
    fields,
    columns: fields.map((field, i) => columnRecord(field, described[i]!.typeOid)),
    notice: maskNotice(fields),
    takeCounts: (into) => rows.takeCounts(into),
    takeRevealed: (into) => rows.takeRevealed(into),
  };
}

/** Does a RowDescription (whole message) name a column that this catalog has not read? */
export function hasUnknownOrigin(description: Buffer, catalog: Catalog): boolean {
  return readRowDescription(description, 0, description.length).some(
    ({ tableOid, attnum }) => tableOid !== 0 && catalog.columnMask(tableOid, attnum) === 'unknown',
  );
}

type Mask = ResultField['mask'];
type Treatment = Pick<ResultField, 'mask' | 'revealed'>;

/** An ordinary table's column says itself what it is, and all else goes by its place; where both do, the stricter counts. */
function treatmentOf(
  field: Field,
  place: number,
  width: number,
  context: PlanContext,
  whenUnknown: 'refresh' | 'mask',
): Treatment | 'unknown' {
  const { catalog, session } = context;
  const byPlace = treatmentAt(place, width, context);
  if (field.tableOid === 0) return byPlace;
  const mask = catalog.columnMask(field.tableOid, field.attnum);
  if (mask === 'none') return byPlace;
  if (mask === 'unknown') return whenUnknown === 'refresh' ? 'unknown' : { mask: maskOfUnknown(context) };
  if (session.reveals(mask.class))
    return typeof byPlace.mask === 'object' ? byPlace : { mask: 'revealed', revealed: mask.class };
  // A bare column's own transform holds; what lineage takes for something else is masked whole.
  return typeof byPlace.mask === 'object' && byPlace.mask.transform !== mask.transform
    ? { mask: { ...mask, transform: 'whole' } }
    : { mask };
}

/** By what lineage says of the column at this place. */
function treatmentAt(
  place: number,
  width: number,
  { judgement, statement, catalog, session }: PlanContext,
): Treatment {
  const output = outputAt(judgement, statement, place, width);
  if (output === undefined) return { mask: 'unclassified' };
  if (output === 'unknown') return { mask: maskOfUnknown({ session }) };
  const hidden = output.sources.filter((source) => !session.reveals(source.class));
  if (hidden.length === 0)
    return { mask: 'revealed', revealed: oneClass(new Set(output.sources.map((source) => source.class))) };
  const [{ class: dataClass, tableOid, attnum }] = hidden as [MaskedColumn, ...MaskedColumn[]];
  const own = output.bare && hidden.length === 1 ? catalog.columnMask(tableOid, attnum) : 'none';
  return { mask: typeof own === 'object' ? own : { class: dataClass, transform: 'whole' } };
}

const unknownMask = { class: 'unknown', transform: 'whole' } as const;

/** A table that no other session can see yet, made in this very transaction, has no mask where no rule can mask. */
function maskOfUnknown({ session }: Pick<PlanContext, 'session'>): Mask {
  return session.masking().masksNothingOn(session.target.name) ? 'unclassified' : unknownMask;
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
    class: masked?.class ?? field.revealed ?? '',
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
