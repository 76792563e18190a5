import { createHash } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import { StatementReceivedSchema } from '#events';
import { isAppError, type Clock, type Principal } from '#kernel';
import type { MaskingSet } from '#masking';
import type { ConnectionRef, DecisionContext, PolicySnapshot, ResolvedAccess, Verdict } from '#policy-engine';
import {
  analyze,
  exposure,
  redactLiterals,
  type Access,
  type Analysis,
  type Exposure,
  type SensitiveNames,
  type SessionEffect,
} from '#statement';
import type { Judgement, JudgeRequest, Namespace } from './gate.js';

/** What a judgement was made from; while all of it is the same, the judgement stands. */
interface Grounds {
  readonly snapshot: PolicySnapshot;
  readonly masking: MaskingSet;
  readonly namespace: Namespace;
  readonly hour: number;
  readonly inTransaction: boolean;
}

interface Grounded extends Judgement {
  readonly grounds: Grounds;
}

export interface JudgeOptions {
  readonly principal: Principal;
  readonly connection: ConnectionRef;
  /** The snapshots in force now. */
  readonly policies: () => PolicySnapshot;
  readonly masking: () => MaskingSet;
  readonly clock: Clock;
  /** Bytes; a longer text is denied unparsed. */
  readonly maxStatementBytes: number;
}

const cachedTexts = 256;
const cachedTextLength = 16 * 1024;
const noNames: ReadonlySet<string> = new Set();

/** Texts of one session into judgements: facts, then names, then policies. Pure but for its cache. */
export class Judge {
  private readonly cache = new Map<string, Grounded>();

  constructor(private readonly options: JudgeOptions) {}

  judge(request: JudgeRequest): Judgement {
    const grounds = this.grounds(request.namespace, request.inTransaction);
    const cached = this.cache.get(request.text);
    if (cached && same(cached.grounds, grounds)) return cached;
    const judgement = this.fresh(request, grounds);
    // What EXECUTE and FETCH mean depends on the session, not on their text.
    if (judgement.effects.some(isReference) || request.text.length > cachedTextLength) return judgement;
    this.remember(request.text, judgement);
    return judgement;
  }

  stillHolds(judgement: Judgement, namespace: Namespace, inTransaction: boolean): boolean {
    if (judgement.effects.some(isReference)) return false;
    return same((judgement as Grounded).grounds, this.grounds(namespace, inTransaction));
  }

  reveals(dataClass: string): boolean {
    const { principal, connection, policies } = this.options;
    return policies().reveals(principal, connection, [dataClass]).has(dataClass);
  }

  private grounds(namespace: Namespace, inTransaction: boolean): Grounds {
    const { policies, masking, clock } = this.options;
    return {
      snapshot: policies(),
      masking: masking(),
      namespace,
      hour: Math.floor(clock.now() / 3_600_000),
      inTransaction,
    };
  }

  private remember(text: string, judgement: Grounded): void {
    this.cache.delete(text);
    this.cache.set(text, judgement);
    if (this.cache.size <= cachedTexts) return;
    for (const oldest of this.cache.keys()) {
      this.cache.delete(oldest);
      return;
    }
  }

  private fresh(request: JudgeRequest, grounds: Grounds): Grounded {
    const { text } = request;
    if (Buffer.byteLength(text) > this.options.maxStatementBytes)
      return this.refused(text, grounds, this.tooLong(text), '…');
    let analysis: Analysis;
    let exposed: Exposure;
    try {
      analysis = analyze(text);
      exposed = exposure(text, this.visibleNames(grounds.namespace.names));
    } catch (error) {
      if (!isAppError(error)) throw error;
      return this.refused(text, grounds, error.message, this.recordable(text, true));
    }
    return this.understood(request, grounds, analysis, exposed);
  }

  private understood(
    request: JudgeRequest,
    grounds: Grounds,
    analysis: Analysis,
    exposed: Exposure,
  ): Grounded {
    const effects = analysis.statements.flatMap((s) => (s.effect ? [s.effect] : []));
    const referred = references(effects, request.lookup);
    if (typeof referred === 'string')
      return this.refused(request.text, grounds, referred, this.recordable(request.text, true));
    if (referred.some((j) => j.lookups.some(({ arrayParameters }) => arrayParameters.length > 0)))
      return this.refused(
        request.text,
        grounds,
        'an array is compared with a masked column by EXECUTE: run the statement itself, with the array as its parameter',
        this.recordable(request.text, true),
      );
    const accesses = [
      ...analysis.statements.flatMap((s) => s.accesses),
      ...referred.flatMap((j) => j.analysis.statements.flatMap((s) => s.accesses)),
    ];
    const resolved = accesses.flatMap((access) => resolve(access, grounds.namespace));
    const verdict = exposed.ok
      ? this.cuttable(analysis, this.verdict(analysis, resolved, grounds), grounds)
      : this.denied(exposed.reason, 'masking', grounds);
    const clean = exposed.ok && exposed.clean && referred.every((j) => j.clean);
    const recordedText = withReferred(
      this.recordable(request.text, !clean),
      referred.map((j) => j.recordedText),
    );
    return {
      grounds,
      analysis,
      verdict,
      clean,
      maskedNames: union(exposed.ok ? exposed.maskedNames : noNames, referred),
      returnsRows: analysis.statements.some((s) => s.returnsRows) || referred.some((j) => j.returnsRows),
      writes: analysis.statements.some((s) => s.writes) || referred.some((j) => j.writes),
      effects,
      recordedText,
      recorded: encode(analysis, resolved, verdict, recordedText),
      lookups: [...((exposed.ok && exposed.lookups) || []), ...referred.flatMap((j) => j.lookups)],
      exactText: withReferred(
        request.text,
        referred.map((j) => j.exactText),
      ),
      tables: tablesOf(resolved),
      objects: objectsOf(accesses, grounds.namespace),
      unknownRelations: (exposed.ok && exposed.unknownRelations) || [],
    };
  }

  private verdict(analysis: Analysis, accesses: readonly ResolvedAccess[], grounds: Grounds): Verdict {
    const { principal, connection } = this.options;
    const { snapshot } = grounds;
    // An empty query asks for nothing.
    if (analysis.statements.length === 0)
      return { ...this.denied('', '', grounds), decision: 'allow', policyIds: [] };
    return snapshot.decide({ principal, connection, accesses, context: this.context(analysis, grounds) });
  }

  /** A read that may be cut off and a write in one query string: the write would run after the cut, or not. */
  private cuttable(analysis: Analysis, verdict: Verdict, grounds: Grounds): Verdict {
    const { statements } = analysis;
    const mixed =
      statements.length > 1 && statements.some((s) => s.writes) && statements.some((s) => s.returnsRows);
    if (!mixed || verdict.decision === 'deny' || verdict.obligations.maxRows === undefined) return verdict;
    return this.denied(
      'it mixes a read with a row budget and a write in one query string: send them one by one',
      '',
      grounds,
    );
  }

  private context(analysis: Analysis, { inTransaction }: Grounds): DecisionContext {
    const now = new Date(this.options.clock.now());
    return {
      hour: now.getUTCHours(),
      weekday: now.getUTCDay() || 7,
      kinds: analysis.statements.map((s) => s.kind),
      functions: [...new Set(analysis.statements.flatMap((s) => s.functions))],
      hasLimit: analysis.statements.every((s) => s.hasLimit),
      multiStatement: analysis.statements.length > 1,
      inTransaction,
      locksRows: analysis.statements.some((s) => s.locksRows),
      risk: 'none',
    };
  }

  /** Classes that this principal may read in the clear are not sensitive for it. */
  private visibleNames(names: SensitiveNames): SensitiveNames {
    return {
      anySensitive: names.anySensitive ?? true,
      columns: (name) => names.columns?.(name),
      isBuiltinFunction: (name) => names.isBuiltinFunction(name),
      isBuiltinOperator: (name) => names.isBuiltinOperator(name),
      relation: (name) => {
        const columns = names.relation(name);
        if (columns === undefined || columns === 'unknown') return columns;
        const hidden = new Map([...columns].filter(([, column]) => !this.reveals(column.class)));
        return hidden.size > 0 ? hidden : undefined;
      },
    };
  }

  private refused(text: string, grounds: Grounds, reason: string, recordedText: string): Grounded {
    const analysis: Analysis = { text, fingerprint: '', statements: [] };
    const verdict = this.denied(reason, '', grounds);
    return {
      grounds,
      analysis,
      verdict,
      clean: false,
      maskedNames: noNames,
      returnsRows: false,
      writes: false,
      effects: [],
      recordedText,
      recorded: encode(analysis, [], verdict, recordedText),
      lookups: [],
      exactText: text,
      tables: [],
      objects: [],
      unknownRelations: [],
    };
  }

  private denied(reason: string, policyId: string, { snapshot }: Grounds): Verdict {
    return {
      decision: 'deny',
      reason,
      policyIds: policyId === '' ? [] : [policyId],
      obligations: { approvers: [], quorum: 1, mode: 'wait', waitMs: 0, waitInTransaction: false },
      snapshot: snapshot.version,
    };
  }

  private tooLong(text: string): string {
    return `the statement has ${Buffer.byteLength(text)} bytes, the limit is ${this.options.maxStatementBytes}`;
  }

  /** Literals are dropped where a masked column is near; elsewhere only what the classifiers find. */
  private recordable(text: string, nearMasked: boolean): string {
    const shown = nearMasked ? redactLiterals(text) : text;
    return this.options.masking().maskText(Buffer.from(shown))?.toString('utf8') ?? shown;
  }
}

function same(a: Grounds, b: Grounds): boolean {
  return (
    a.namespace === b.namespace &&
    a.snapshot === b.snapshot &&
    a.masking === b.masking &&
    // A policy that reads no time does not care about the hour, nor one that reads no transaction about it.
    (a.hour === b.hour || !(b.snapshot.contextRead.has('hour') || b.snapshot.contextRead.has('weekday'))) &&
    (a.inTransaction === b.inTransaction || !b.snapshot.contextRead.has('inTransaction'))
  );
}

function isReference(effect: SessionEffect): effect is SessionEffect & { type: 'execute' | 'fetch' } {
  return effect.type === 'execute' || effect.type === 'fetch';
}

/** What EXECUTE and FETCH refer to, unless this text itself defined it before; a string says what is missing. */
function references(effects: readonly SessionEffect[], lookup: JudgeRequest['lookup']): Judgement[] | string {
  const defined = new Set<string>();
  const found: Judgement[] = [];
  for (const effect of effects) {
    if (effect.type === 'prepare' || effect.type === 'declare') defined.add(`${effect.type} ${effect.name}`);
    if (!isReference(effect)) continue;
    if (defined.has(`${effect.type === 'execute' ? 'prepare' : 'declare'} ${effect.name}`)) continue;
    const judgement = lookup(effect);
    if (!judgement)
      return `${effect.type === 'execute' ? 'prepared statement' : 'cursor'} "${effect.name}" does not exist`;
    found.push(judgement);
  }
  return found;
}

/** An unqualified name stands for every relation of that name: each of them must be permitted. */
function resolve(access: Access, namespace: Namespace): ResolvedAccess[] {
  const { relation, ...rest } = access;
  if (!relation) return [rest];
  const found = namespace.resolve(relation);
  if (found.length === 0)
    return [{ ...rest, relation: { schema: relation.schema ?? '', name: relation.name } }];
  return found.map(({ schema, name }) => ({ ...rest, relation: { schema, name } }));
}

function union(own: ReadonlySet<string>, referred: readonly Judgement[]): ReadonlySet<string> {
  return referred.length === 0 ? own : new Set([...own, ...referred.flatMap((j) => [...j.maskedNames])]);
}

/** What EXECUTE and FETCH run stands below them: nobody can approve a name. */
function withReferred(text: string, referred: readonly string[]): string {
  return [text, ...referred].join('\n-- which runs:\n');
}

function tablesOf(accesses: readonly ResolvedAccess[]): string[] {
  const names = accesses.flatMap(({ relation }) =>
    relation ? [relation.schema ? `${relation.schema}.${relation.name}` : relation.name] : [],
  );
  return [...new Set(names)];
}

/** The relations that the text's names mean now, by OID: another of the same name is another thing. */
function objectsOf(accesses: readonly Access[], namespace: Namespace): string[] {
  const objects = accesses.flatMap(({ relation }) =>
    relation
      ? namespace.resolve(relation).map(({ schema, name, oid }) => `${schema}.${name}=${oid ?? 0}`)
      : [],
  );
  return [...new Set(objects)].sort((a, b) => (a < b ? -1 : 1));
}

const writing = new Set([
  'sql:insert',
  'sql:update',
  'sql:delete',
  'sql:merge',
  'sql:truncate',
  'sql:copy-in',
  'sql:ddl',
]);

function encode(
  analysis: Analysis,
  accesses: readonly ResolvedAccess[],
  verdict: Verdict,
  text: string,
): Uint8Array {
  const tables = (writes: boolean) =>
    accesses.flatMap((a) => (a.relation && writing.has(a.action) === writes ? [a.relation] : []));
  return toBinary(
    StatementReceivedSchema,
    create(StatementReceivedSchema, {
      textHash: createHash('sha256').update(analysis.text).digest(),
      text,
      fingerprint: analysis.fingerprint,
      kinds: analysis.statements.map((s) => s.kind),
      reads: tables(false),
      writes: tables(true),
      columns: accesses.flatMap((a) =>
        a.relation
          ? a.columns.map((column) => ({ schema: a.relation!.schema, table: a.relation!.name, column }))
          : [],
      ),
      functions: [...new Set(analysis.statements.flatMap((s) => s.functions))],
      decision: verdict.decision,
      reason: verdict.reason,
      policyIds: [...verdict.policyIds],
      snapshot: verdict.snapshot,
      maxRows: BigInt(verdict.obligations.maxRows ?? 0),
    }),
  );
}
