import type { TargetAddress } from '../gate/gate.js';
import type { Portal } from './session-objects.js';
import type { SessionParts } from './session-parts.js';

/** Everything beside text and values that makes an execution this one and no other: what an approval binds to. */
export function circumstancesOf(
  parts: Pick<SessionParts, 'conversation' | 'session' | 'limits'>,
  portal: Portal | undefined,
): string {
  const { limits, session, conversation } = parts;
  const { target, id } = session;
  const { changes } = conversation.settings;
  const settings = changes === 0 ? limits.settings : `changed ${changes} times in ${id}`;
  const { name, database, user } = target;
  return JSON.stringify([name, ...placeOf(target), database, user, settings, typesOf(portal)]);
}

/**
 * Where a person believes it to be: the registered address, so that another one registered under the name is another
 * target. What this process serves itself has no address that anybody gave it, and another port at each start.
 */
function placeOf({ isHouse, host, port }: TargetAddress): readonly [string, number] {
  return isHouse ? ['', 0] : [host, port];
}

function typesOf(portal: Portal | undefined): readonly number[] {
  if (!portal) return [];
  return [
    ...portal.prepared.parameterTypes,
    ...portal.parameters.map((p) => p.format),
    ...portal.resultFormats,
  ];
}
