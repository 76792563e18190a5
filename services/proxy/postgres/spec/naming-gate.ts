import { compileMasking } from '#masking';
import { analyze, type SessionEffect } from '#statement';
import { isAppError } from '#kernel';
import type {
  CommitWaiter,
  Execution,
  GateSession,
  Judgement,
  JudgeRequest,
  Outcome,
  RecordedResult,
} from '../../gate/gate.js';
import { readDataRow } from '../codec.js';
import { readSelect } from './model-select.js';

/** A judgement that says what each statement of the text may return, through all names. */
interface Named extends Judgement {
  readonly leaves: Leaves;
}

type Leaves = readonly (readonly string[])[];

const unmasked = compileMasking({ rules: [], patterns: [], inbound: {} });

/** A gate that allows everything, and compares what it judged with what then came. */
export class NamingGate {
  /** Judged one thing, got another. */
  readonly wrong: string[] = [];
  ran = 0;
  private readonly values = new Map<string, string[]>();
  private executions = 0;

  readonly session = {
    target: { name: 'model' },
    judge: (request: JudgeRequest) => this.judge(request),
    mustRead: () => false,
    // Whatever refers to a name is judged again; all else stays.
    stillHolds: (judgement: Judgement) => !judgement.effects.some(refers),
    received: (judgement: Judgement): Execution => ({
      statementId: `${++this.executions}`,
      startedAt: 0,
      judgement,
    }),
    prepared: () => undefined,
    chunk: (execution: Execution, _: number, result: RecordedResult) => this.came(execution, result),
    outcome: (execution: Execution, outcome: Outcome) => this.outcome(execution, outcome),
    whenSafe: (waiter: CommitWaiter) => setImmediate(() => waiter.done()),
    masking: () => unmasked,
    reveals: () => true,
    hint: () => '',
    stale: () => undefined,
    inboundRules: false,
    onEnd: () => undefined,
    refused: () => undefined,
    forwarded: () => undefined,
    ended: () => undefined,
  } as unknown as GateSession;

  private judge({ text, lookup }: JudgeRequest): Judgement {
    try {
      const analysis = analyze(text);
      const effects = analysis.statements.flatMap((s) => (s.effect ? [s.effect] : []));
      const leaves = leavesOf(text, lookup);
      if (leaves) return { ...judgementOf(analysis, effects), leaves } as Named;
    } catch (error) {
      if (!isAppError(error)) throw error;
    }
    const denied = judgementOf({ text, fingerprint: '', statements: [] }, []);
    return { ...denied, verdict: { ...denied.verdict, decision: 'deny', reason: 'refused' } };
  }

  private came({ statementId }: Execution, { frames }: RecordedResult): void {
    const values = this.values.get(statementId) ?? [];
    this.values.set(statementId, values);
    const bytes = Buffer.from(frames);
    for (let at = 0; at < bytes.length;) {
      const end = at + 1 + bytes.readInt32BE(at + 1);
      values.push(readDataRow(bytes, at, end).join('|'));
      at = end;
    }
  }

  private outcome(execution: Execution, outcome: Outcome): void {
    if (outcome.result) this.came(execution, outcome.result);
    const { leaves } = execution.judgement as Named;
    let at = 0;
    for (const value of this.values.get(execution.statementId) ?? []) {
      while (at < leaves.length && !leaves[at]!.includes(value)) at++;
      this.ran++;
      if (at === leaves.length)
        this.wrong.push(`${execution.judgement.analysis.text}: judged ${leaves.join()}, got ${value}`);
    }
  }
}

function refers({ type }: SessionEffect): boolean {
  return type === 'execute' || type === 'fetch';
}

/** Undefined: it refers to what is not there. */
function leavesOf(text: string, lookup: JudgeRequest['lookup']): Leaves | undefined {
  const own = new Map<string, readonly string[]>();
  const leaves: (readonly string[])[] = [];
  for (const { effect, start, end } of analyze(text).statements) {
    const inner = text.slice(start, end).replace(/^\s*(PREPARE .*? AS|DECLARE .*? FOR) /, '');
    const select = readSelect(inner);
    const leaf = select ? [select.value] : [];
    if (effect?.type === 'prepare' || effect?.type === 'declare')
      own.set(`${effect.type} ${effect.name}`, leaf);
    const referred = effect && refers(effect) ? leafOf(effect, own, lookup) : leaf;
    if (!referred) return undefined;
    leaves.push(referred);
  }
  return leaves;
}

function leafOf(
  effect: SessionEffect,
  own: ReadonlyMap<string, readonly string[]>,
  lookup: JudgeRequest['lookup'],
): readonly string[] | undefined {
  if (effect.type !== 'execute' && effect.type !== 'fetch') return [];
  const defined = own.get(`${effect.type === 'execute' ? 'prepare' : 'declare'} ${effect.name}`);
  if (defined) return defined;
  const referred = lookup(effect) as Named | undefined;
  return referred?.verdict.decision === 'allow' ? referred.leaves.flat() : undefined;
}

function judgementOf(analysis: Judgement['analysis'], effects: readonly SessionEffect[]): Judgement {
  return {
    analysis,
    verdict: {
      decision: 'allow',
      reason: '',
      policyIds: [],
      obligations: { approvers: [], quorum: 1, mode: 'wait', waitMs: 0, waitInTransaction: false },
      snapshot: '',
    },
    clean: true,
    results: [],
    settled: true,
    bounded: false,
    returnsRows: analysis.statements.some((s) => s.returnsRows) || effects.some(refers),
    writes: false,
    effects,
    recorded: Buffer.alloc(0),
    recordedText: analysis.text,
    exactText: analysis.text,
    tables: [],
    objects: [],
    lookups: [],
    unknownRelations: [],
  } as unknown as Judgement;
}
