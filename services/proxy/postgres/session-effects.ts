import type { SessionEffect, StatementFacts } from '#statement';
import type { Judgement } from '../gate/gate.js';
import type { Run } from './run.js';
import type { Disturbance } from './session-namespace.js';
import type { SessionNames } from './session-names.js';
import type { Spent } from './session-objects.js';
import type { SessionParts } from './session-parts.js';

/** May the open transaction's end, or ROLLBACK TO, give later statements another meaning? */
export function mayRevert({ conversation, namespace }: SessionParts): boolean {
  return namespace.mayRevert || conversation.settings.mayRevert;
}

/** Follows what a statement did to the session, once the target has said that it was done. */
export function applyEffects({ conversation, namespace }: SessionParts, run: Run, index: number): void {
  namespace.disturbed(disturbanceOf(run, index, conversation.names));
  if (run.judgement.effects.length === 0 || run.portal?.prepared.bySql) return;
  const effect = run.judgement.analysis.statements[index]?.effect;
  if (!effect) return;
  conversation.names.done(effect, run.judgement, run.spent, namespace.path, index);
  if (changesSettings(effect)) conversation.settings.changed();
  if (!takingBack.has(effect.type)) return;
  namespace.rolledBack();
  conversation.settings.rolledBack();
}

/**
 * Do its effects change what later messages refer to? Then nothing may be judged before it has settled. `reverts`: the
 * end of the open transaction may take back what it changed.
 */
export function changesNames({ judgement, portal }: Run, reverts: boolean): boolean {
  const {
    effects,
    analysis: { statements },
  } = judgement;
  if (portal?.prepared.bySql) return false;
  if (disturbance(statements) !== 'none') return true;
  for (let i = 0; i < effects.length; i++) {
    const { type } = effects[i]!;
    if (settling.has(type) || (reverts && takingBack.has(type))) return true;
  }
  return false;
}

/** What names mean to the later statements of a text, which is judged before its first has run. */
export function pathWithin(
  { analysis: { statements } }: Judgement,
  mayRevert: boolean,
): 'same' | 'unknown' | 'renamed' {
  if (statements.length < 2) return 'same';
  const before = statements.slice(0, -1);
  const moved = disturbance(before);
  if (moved === 'names') return 'renamed';
  const reverted = mayRevert && before.some(({ effect }) => effect && takingBack.has(effect.type));
  return moved === 'none' && !reverted ? 'same' : 'unknown';
}

/** The first statement behind which columns, or what names mean, may be others than before the text; Infinity: none. */
export function firstToMove({ analysis: { statements } }: Judgement): number {
  const index = statements.findIndex(
    (each) => disturbedBy(each) !== 'none' || (each.effect && takingBack.has(each.effect.type)),
  );
  return index < 0 ? Infinity : index;
}

function disturbanceOf(run: Run, index: number, names: SessionNames): Disturbance {
  const statement = run.judgement.analysis.statements[index];
  if (!statement) return 'none';
  const own = disturbedBy(statement);
  const referred = statement.effect && names.referred(statement.effect);
  if (own === 'names' || own === 'catalog' || !referred || referred === 'pending') return own;
  return disturbance(referred.judgement.analysis.statements);
}

function disturbance(statements: readonly StatementFacts[]): Disturbance {
  let found: Disturbance = 'none';
  for (let i = 0; i < statements.length; i++) {
    const by = disturbedBy(statements[i]!);
    if (by === 'names') return by;
    if (by !== 'none' && found !== 'catalog') found = by;
  }
  return found;
}

/** A created schema or temporary table may stand in the search_path; code may do anything. */
function disturbedBy({ accesses, effect, renames }: StatementFacts): Disturbance {
  if (renames) return 'names';
  for (let i = 0; i < accesses.length; i++) if (disturbing.has(accesses[i]!.action)) return 'catalog';
  if (effect?.type === 'discard-all') return 'search-path';
  return effect?.type === 'set' && pathSettings.has(effect.setting.toLowerCase()) ? 'search-path' : 'none';
}

const disturbing: ReadonlySet<string> = new Set(['sql:ddl', 'sql:code', 'sql:admin', 'sql:unknown']);

/** COMMIT too: SET LOCAL ends with it, and with AND CHAIN no status tells that anything has. */
const takingBack = new Set<SessionEffect['type']>(['commit', 'rollback', 'rollback-to']);

/** `"$user"` stands for the role. */
const pathSettings: ReadonlySet<string> = new Set(['search_path', 'role', 'session_authorization', 'all']);

/**
 * EXECUTE of a statement that Parse made may be anything, PREPARE and SET too, and nothing would follow what it does to
 * the session. Returns such a statement's name.
 */
export function hiddenEffect({ effects }: Judgement, names: SessionNames): string | undefined {
  for (let i = 0; i < effects.length; i++) {
    const referred = names.referred(effects[i]!);
    if (referred === undefined || referred === 'pending' || referred.bySql) continue;
    if (referred.judgement.effects.length > 0) return referred.name;
  }
  return undefined;
}

/** FETCH spends the budget of its cursor too: by statement of the text. */
export function cursorsSpent(
  { effects, analysis: { statements } }: Judgement,
  { portals }: SessionNames,
): readonly (Spent | undefined)[] {
  if (!effects.some(({ type }) => type === 'fetch')) return noCursors;
  return statements.map(({ effect }) => {
    // One that this text declares itself spends what the text may.
    if (effect?.type !== 'fetch' || declares(effects, effect.name)) return undefined;
    const portal = portals.find(effect.name);
    return portal === 'pending' ? undefined : portal?.spent;
  });
}

const noCursors: readonly undefined[] = [];

function declares(effects: readonly SessionEffect[], name: string): boolean {
  return effects.some((effect) => effect.type === 'declare' && effect.name === name);
}

/** Settings that change nothing of what a statement means. */
export const meaningless: ReadonlySet<string> = new Set([
  'application_name',
  'client_min_messages',
  'idle_in_transaction_session_timeout',
  'lock_timeout',
  'statement_timeout',
]);

function changesSettings(effect: SessionEffect): boolean {
  if (effect.type === 'set') return !meaningless.has(effect.setting.toLowerCase());
  return effect.type === 'discard-all';
}

const settling = new Set<SessionEffect['type']>([
  'prepare',
  'deallocate',
  'declare',
  'close',
  'discard-all',
  'set',
]);
