import type { SessionEffect } from '#statement';
import type { Judgement } from '../gate/gate.js';
import type { Conversation } from './conversation.js';
import type { Run } from './run.js';
import type { Portal, Prepared, Spent } from './session-objects.js';

/** Follows what a statement did to the session's names, once the target has said that it was done. */
export function applyEffects(conversation: Conversation, run: Run, index: number): void {
  const effect = run.judgement.analysis.statements[index]?.effect;
  if (effect) apply(conversation, run, effect);
}

function apply(conversation: Conversation, run: Run, effect: SessionEffect): void {
  const { judgement } = run;
  const { statements, portals } = conversation;
  switch (effect.type) {
    case 'prepare':
      return statements.confirm(statements.change(effect.name, newPrepared(effect.name, judgement, [])));
    case 'deallocate':
      return forgetNames(statements, effect.name);
    case 'declare':
      return portals.confirm(portals.change(effect.name, newCursor(effect.name, judgement, run.spent)));
    case 'close':
      return forgetNames(portals, effect.name);
    case 'discard-all':
      forgetNames(statements, undefined);
      forgetNames(portals, undefined);
      conversation.settingChanges++;
      return undefined;
    case 'set':
      if (!meaningless.has(effect.setting.toLowerCase())) conversation.settingChanges++;
      return undefined;
    default:
      return undefined;
  }
}

/** Do its effects change what later messages refer to? Then nothing may be judged before it has settled. */
export function changesNames(judgement: Judgement): boolean {
  return judgement.effects.some((effect) => settling.has(effect.type));
}

/** Settings that change nothing of what a statement means. */
export const meaningless: ReadonlySet<string> = new Set([
  'application_name',
  'client_min_messages',
  'idle_in_transaction_session_timeout',
  'lock_timeout',
  'statement_timeout',
]);

const settling = new Set<SessionEffect['type']>([
  'prepare',
  'deallocate',
  'declare',
  'close',
  'discard-all',
  'set',
]);

export function newPrepared(name: string, judgement: Judgement, parameterTypes: readonly number[]): Prepared {
  return { name, text: judgement.analysis.text, judgement, parameterTypes, plan: undefined };
}

/** A FETCH in the same text has spent of this budget already. */
function newCursor(name: string, judgement: Judgement, spent: Spent): Portal {
  return {
    name,
    prepared: newPrepared('', judgement, []),
    parameters: [],
    resultFormats: [],
    cursor: true,
    spent,
    plan: undefined,
    describedFor: undefined,
  };
}

function forgetNames(
  names: Conversation['statements'] | Conversation['portals'],
  name: string | undefined,
): void {
  for (const known of name === undefined ? [...names.names()] : [name])
    names.confirm(names.change(known, undefined) as never);
}
