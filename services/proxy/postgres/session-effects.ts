import type { SessionEffect } from '#statement';
import type { Judgement } from '../gate/gate.js';
import type { Conversation } from './conversation.js';
import type { Run } from './run.js';
import type { SessionNames } from './session-names.js';
import type { Spent } from './session-objects.js';

/** Follows what a statement did to the session, once the target has said that it was done. */
export function applyEffects(conversation: Conversation, run: Run, index: number): void {
  if (run.judgement.effects.length === 0 || run.portal?.prepared.bySql) return;
  const effect = run.judgement.analysis.statements[index]?.effect;
  if (!effect) return;
  conversation.names.done(effect, run.judgement, run.spent);
  if (changesSettings(effect)) conversation.settingChanges++;
}

/** Do its effects change what later messages refer to? Then nothing may be judged before it has settled. */
export function changesNames({ judgement: { effects }, portal }: Run): boolean {
  if (effects.length === 0 || portal?.prepared.bySql) return false;
  for (let i = 0; i < effects.length; i++) if (settling.has(effects[i]!.type)) return true;
  return false;
}

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

/** FETCH spends the budget of its cursor, not one of its own. */
export function spentOf({ effects }: Judgement, { portals }: SessionNames): Spent | undefined {
  if (effects.length === 0) return undefined;
  const fetch = effects.find((effect) => effect.type === 'fetch');
  // One that this text declares itself begins with a budget of its own.
  if (!fetch || effects.some((effect) => effect.type === 'declare' && effect.name === fetch.name))
    return undefined;
  const portal = portals.find(fetch.name);
  return portal === 'pending' ? undefined : portal?.spent;
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
