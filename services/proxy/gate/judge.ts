import type { Standing } from '#domain';
import { mostEventBytes } from '#events';
import type { Clock, Principal } from '#kernel';
import type { MaskingSet } from '#masking';
import type { ConnectionRef, PolicySnapshot, Verdict } from '#policy-engine';
import {
  understand,
  type Access,
  type Analysis,
  type LineageAnswer,
  type LongTexts,
  type SessionEffect,
  type Understanding,
} from '#statement';
import type { Judgement, JudgeRequest, Namespace, ReadText } from './gate.js';
import { inboundProblem, maskWrittenBack } from './inbound.js';
import { classesOf, objectsOf, resolveAccess, tablesOf, throughOf } from './judge-names.js';
import { askPolicies, denial, isBounded } from './judge-policy.js';
import {
  fingerprintOf,
  executeProblem,
  isReference,
  lookupsOf,
  references,
  resultsOf,
  withReferred,
  type Referred,
} from './judge-references.js';
import type { Desk, JudgementCache } from './judgement-cache.js';
import { encodeJudgement, recordableText } from './judgement.record.js';
import { weightOf } from './judgement.weight.js';
import { mostLookups } from './lookup-values.js';

/** What a judgement was made from; while all of it is the same, the judgement stands. */
interface Grounds {
  readonly snapshot: PolicySnapshot;
  readonly masking: MaskingSet;
  /** Of the namespace. */
  readonly meaning: object;
  readonly hour: number;
  readonly inTransaction: boolean;
  readonly standing: Standing;
}

export interface Grounded extends Judgement {
  readonly grounds: Grounds;
}

export interface JudgeOptions {
  readonly principal: Principal;
  readonly connection: ConnectionRef;
  /** The snapshots in force now. */
  readonly policies: () => PolicySnapshot;
  readonly masking: () => MaskingSet;
  /** What findings and people make of a principal now. */
  readonly standing: (principal: Principal) => Standing;
  /** Who decides on what a quarantine holds: a group; undefined: nobody does. */
  readonly quarantineApprovers: string | undefined;
  readonly clock: Clock;
  /** Bytes; a longer text is denied unparsed. */
  readonly maxStatementBytes: number;
  readonly cache: JudgementCache<Grounded>;
  readonly longTexts: LongTexts;
}

const hourMs = 3_600_000;
/** What names mean may change while a text is read; after so many times it is judged on the spot. */
const mostReadings = 4;
/** Of a judgement's own fields; the rest of an event is for parameters and for what is fixed. */
const mostRecordedBytes = mostEventBytes - 512 * 1024;
const noStatements = { fingerprint: '', statements: [] };
/** A function that no text names. */
const hiddenCode: Access = { action: 'sql:code', columns: [] };
const noInbound = { literals: [], writes: [] };

/**
 * Texts into judgements, for one principal with its groups on one connection: facts, then names and masked columns, then
 * policies. All sessions of that principal there share it. Pure but for its cache.
 */
export class Judge {
  /** Within and outside of transactions apart: a policy may tell them apart. */
  private readonly desks = [new WeakMap<Namespace, Desk>(), new WeakMap<Namespace, Desk>()] as const;
  private readonly reveal = (dataClass: string) => this.reveals(dataClass);

  constructor(private readonly options: JudgeOptions) {}

  judge(request: JudgeRequest): Judgement {
    const { text, namespace, inTransaction } = request;
    const desk = this.desk(namespace, inTransaction);
    const cached = this.options.cache.get(desk, text);
    if (cached && this.stands(cached.grounds, namespace, inTransaction)) return cached;
    let asked = false;
    const lookup = (effect: SessionEffect) => {
      asked = true;
      return request.lookup(effect);
    };
    const found = this.found(request);
    const judgement = this.fresh({ ...request, lookup }, found, this.grounds(namespace, inTransaction));
    // What EXECUTE and FETCH mean, and whether there is anything, depends on the session, not on their text.
    if (!asked && found?.kind !== 'failed' && !judgement.effects.some(isReference))
      this.options.cache.set(desk, text, judgement, weightOf(judgement));
    return judgement;
  }

  mustRead(request: JudgeRequest): boolean {
    const { text, namespace, inTransaction, read = [] } = request;
    const { longTexts, cache, maxStatementBytes } = this.options;
    if (!longTexts.isLong(text) || text.length > maxStatementBytes) return false;
    const cached = cache.get(this.desk(namespace, inTransaction), text);
    if (cached && this.stands(cached.grounds, namespace, inTransaction)) return false;
    const readings = read.filter((each) => each.text === text);
    if (readings.length >= mostReadings) return false;
    return !readings.some(({ names }) => names === namespace.namesFor(this.reveal));
  }

  async read(text: string, namespace: Namespace): Promise<ReadText> {
    const names = namespace.namesFor(this.reveal);
    return { text, names, found: await this.options.longTexts.read(text, names) };
  }

  stillHolds(judgement: Judgement, namespace: Namespace, inTransaction: boolean): boolean {
    if (!this.stands((judgement as Grounded).grounds, namespace, inTransaction)) return false;
    const { effects } = judgement;
    return effects.length === 0 || !effects.some(isReference);
  }

  reveals(dataClass: string): boolean {
    const { principal, connection, policies } = this.options;
    return policies().reveals(principal, connection, [dataClass]).has(dataClass);
  }

  private desk(namespace: Namespace, inTransaction: boolean): Desk {
    const desks =
      this.desks[Number(inTransaction && this.options.policies().contextRead.has('inTransaction'))]!;
    let desk = desks.get(namespace);
    if (!desk) desks.set(namespace, (desk = {}));
    return desk;
  }

  private grounds(namespace: Namespace, inTransaction: boolean): Grounds {
    const { policies, masking, clock, principal } = this.options;
    return {
      ...{ snapshot: policies(), masking: masking(), meaning: namespace.key, inTransaction },
      ...{ hour: Math.floor(clock.now() / hourMs), standing: this.options.standing(principal) },
    };
  }

  /** A policy that reads no time does not care about the hour, nor one that reads no risk about that; a quarantine always counts. */
  private stands(grounds: Grounds, namespace: Namespace, inTransaction: boolean): boolean {
    const { policies, masking, clock, principal } = this.options;
    const snapshot = policies();
    if (grounds.meaning !== namespace.key || grounds.snapshot !== snapshot || grounds.masking !== masking())
      return false;
    const standing = this.options.standing(principal);
    if (grounds.standing.quarantine !== standing.quarantine) return false;
    const { contextRead } = snapshot;
    if (contextRead.size === 0) return true;
    if (grounds.standing.risk !== standing.risk && contextRead.has('risk')) return false;
    if (grounds.inTransaction !== inTransaction && contextRead.has('inTransaction')) return false;
    if (!contextRead.has('hour') && !contextRead.has('weekday')) return true;
    return grounds.hour === Math.floor(clock.now() / hourMs);
  }

  /** What was read before, where its names still mean the same; undefined for a text beyond what is read at all. */
  private found({ text, namespace, read = [] }: JudgeRequest): Understanding | undefined {
    if (Buffer.byteLength(text) > this.options.maxStatementBytes) return undefined;
    const names = namespace.namesFor(this.reveal);
    return read.find((each) => each.text === text && each.names === names)?.found ?? understand(text, names);
  }

  /** Much follows from a short text (what EXECUTE runs, each column of each table): what no record can hold is refused. */
  private fresh(request: JudgeRequest, found: Understanding | undefined, grounds: Grounds): Grounded {
    const judgement = this.whole(request, found, grounds);
    const { length } = judgement.recorded;
    if (length <= mostRecordedBytes) return judgement;
    const reason = `its record would have ${length} bytes, the limit is ${mostRecordedBytes}`;
    return refused(request.text, grounds, reason, '…');
  }

  private whole(request: JudgeRequest, found: Understanding | undefined, grounds: Grounds): Grounded {
    const { text } = request;
    const size = `${Buffer.byteLength(text)} bytes, the limit is ${this.options.maxStatementBytes}`;
    if (!found) return refused(text, grounds, `the statement has ${size}`, '…');
    if (found.kind === 'understood') return this.understood(request, grounds, found);
    if (found.kind === 'failed') return refused(text, grounds, found.reason, '…');
    const { reason, syntaxErrorAt, redacted } = found;
    const judgement = refused(text, grounds, reason, recordableText(text, true, grounds.masking, redacted));
    return syntaxErrorAt === undefined ? judgement : { ...judgement, syntaxErrorAt };
  }

  private understood(
    { text, namespace, lookup }: JudgeRequest,
    grounds: Grounds,
    { analysis: read, answer, redacted }: Understanding & { kind: 'understood' },
  ): Grounded {
    const referred = references(read.statements, lookup);
    if (typeof referred === 'string')
      return refused(text, grounds, referred, recordableText(text, true, grounds.masking, redacted));
    const others = referred.flatMap(({ judgement }) => judgement ?? []);
    const analysis = { ...read, fingerprint: fingerprintOf(read, others) };
    const all = [analysis, ...others.map((other) => other.analysis)].flatMap(({ statements }) => statements);
    const hidden = answer.ok && answer.hiddenCall !== undefined;
    const accesses = [...all.flatMap((s) => s.accesses), ...(hidden ? [hiddenCode] : [])];
    const functions = new Set(all.flatMap((s) => s.functions));
    const resolved = accesses.flatMap((access) => resolveAccess(access, namespace));
    const does = {
      returnsRows: analysis.statements.some((s) => s.returnsRows) || others.some((j) => j.returnsRows),
      writes: hidden || analysis.statements.some((s) => s.writes) || others.some((j) => j.writes),
    };
    const seen = seenBy(text, answer, referred);
    const clean = answer.ok && answer.clean && others.every((j) => j.clean);
    const classes = classesOf(accesses, namespace);
    const sensitive = !clean || classes.length > 0;
    const verdict =
      this.objection(answer, seen, analysis, referred, grounds) ??
      askPolicies({
        ...this.circumstances(grounds),
        ...{ analysis, functions, accesses: resolved, runsOther: referred.length > 0, sensitive, ...does },
      });
    const inboundRefused = verdict.decision === 'deny' && verdict.policyIds[0] === 'inbound';
    const recordedText = withReferred(
      recordableText(text, !clean || inboundRefused, grounds.masking, redacted),
      others.map((j) => j.recordedText),
    );
    return {
      ...{ grounds, analysis, verdict, clean: clean && !inboundRefused, ...does, ...seen, recordedText },
      effects: analysis.statements.flatMap(({ effect }) => (effect ? [effect] : [])),
      recorded: encodeJudgement(analysis, resolved, verdict, recordedText, throughOf(accesses, namespace)),
      exactText: withReferred(
        text,
        others.map((j) => j.exactText),
      ),
      tables: tablesOf(resolved),
      classes,
      sensitive,
      objects: objectsOf(accesses, namespace),
      settled: isSettled(verdict, seen, grounds.masking),
      bounded: does.returnsRows && isBounded(verdict.obligations),
    };
  }

  private circumstances({ snapshot, inTransaction, standing }: Grounds) {
    const { principal, connection, clock, quarantineApprovers } = this.options;
    return {
      principal,
      connection,
      snapshot,
      inTransaction,
      standing,
      quarantineApprovers,
      now: clock.now(),
    };
  }

  /** What speaks against a text whatever policies say: masked columns, and what may not be sent. */
  private objection(
    answer: LineageAnswer,
    { inbound, lookups }: Seen,
    { statements }: Analysis,
    referred: readonly Referred[],
    { snapshot, masking }: Grounds,
  ): Verdict | undefined {
    const problem = statements.find((each) => each.problem !== undefined)?.problem;
    if (problem !== undefined) return denial(problem, '', snapshot);
    if (!answer.ok) return denial(answer.reason, 'masking', snapshot);
    const values = lookups.reduce(
      (sum, each) => sum + each.constants.length + each.parameters.length + each.elementParameters.length,
      0,
    );
    if (values > mostLookups) {
      const reason = `it compares ${values} values with masked columns; ${mostLookups} a statement may be looked up`;
      return denial(reason, 'masking', snapshot);
    }
    const forbidden = inboundProblem(masking, inbound.literals);
    if (forbidden !== undefined) return denial(forbidden, 'inbound', snapshot);
    const destroyed = maskWrittenBack(inbound.writes, []) ?? executeProblem({ inbound, lookups }, referred);
    return destroyed === undefined ? undefined : denial(destroyed, 'masking', snapshot);
  }
}

/** Is this the other, at most with another verdict for one execution? */
export function isVariant(variant: Judgement, judgement: Judgement): boolean {
  return (variant as Grounded).grounds === (judgement as Grounded).grounds;
}

type Seen = Pick<Judgement, 'results' | 'lookups' | 'inbound' | 'unknownRelations'>;

const nothingSeen: Seen = {
  results: [],
  lookups: [],
  inbound: noInbound,
  unknownRelations: [],
};

function seenBy(text: string, answer: LineageAnswer, referred: readonly Referred[]): Seen {
  if (!answer.ok) return nothingSeen;
  const { inbound, unknownRelations } = answer;
  const results = resultsOf(answer.results, referred);
  return { results, lookups: lookupsOf(answer, text, referred), inbound, unknownRelations };
}

function isSettled(verdict: Verdict, { lookups, inbound }: Seen, masking: MaskingSet): boolean {
  if (verdict.decision === 'deny') return true;
  const writes = inbound.writes.some(({ parameters }) => parameters.length > 0);
  return lookups.length === 0 && !writes && masking.inboundDenied.size === 0 && !verdict.obligations.onExcess;
}

function refused(text: string, grounds: Grounds, reason: string, recordedText: string): Grounded {
  const analysis: Analysis = { text, ...noStatements };
  const verdict = denial(reason, '', grounds.snapshot);
  return {
    ...{ grounds, analysis, verdict, recordedText, ...nothingSeen },
    ...{ clean: false, sensitive: true, returnsRows: false, writes: false, settled: true, bounded: false },
    ...{ effects: [], tables: [], classes: [], objects: [], exactText: text },
    recorded: encodeJudgement(analysis, [], verdict, recordedText),
  };
}
