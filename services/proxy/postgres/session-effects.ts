import type { SessionEffect } from '#statement';
import type { Judgement } from '../gate/gate.js';
import type { Conversation } from './conversation.js';
import type { Run } from './run.js';
import type { Portal, Prepared } from './session-objects.js';

/** Follows what a statement did to the session's names, once the target has said that it was done. */
export function applyEffects(conversation: Conversation, run: Run, index: number): void {
  const effect = run.judgement.analysis.statements[index]?.effect;
  if (effect) apply(conversation, run.judgement, effect);
}

function apply(conversation: Conversation, judgement: Judgement, effect: SessionEffect): void {
  const { statements, portals } = conversation;
  switch (effect.type) {
    case 'prepare':
      return statements.confirm(statements.change(effect.name, newPrepared(effect.name, judgement, [])));
    case 'deallocate':
      return forgetNames(statements, effect.name);
    case 'declare':
      return portals.confirm(portals.change(effect.name, newCursor(effect.name, judgement)));
    case 'close':
      return forgetNames(portals, effect.name);
    case 'discard-all':
      forgetNames(statements, undefined);
      forgetNames(portals, undefined);
      conversation.searchPathChanges++;
      return undefined;
    case 'set':
      if (effect.setting === 'search_path' || effect.setting === 'all') conversation.searchPathChanges++;
      return undefined;
    default:
      return undefined;
  }
}

/** Do its effects change what later messages refer to? Then nothing may be judged before it has settled. */
export function changesNames(judgement: Judgement): boolean {
  return judgement.effects.some((effect) => settling.has(effect.type));
}

const settling = new Set<SessionEffect['type']>([
  'prepare',
  'deallocate',
  'declare',
  'close',
  'discard-all',
  'set',
]);

export function newPrepared(name: string, judgement: Judgement, parameterTypes: readonly number[]): Prepared {
  return { name, text: judgement.analysis.text, judgement, parameterTypes, recorded: false, plan: undefined };
}

function newCursor(name: string, judgement: Judgement): Portal {
  return {
    name,
    prepared: newPrepared('', judgement, []),
    parameters: [],
    resultFormats: [],
    cursor: true,
    spent: { rows: 0, bytes: 0 },
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
