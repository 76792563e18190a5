import type { Portal } from './session-objects.js';
import type { SessionParts } from './session-parts.js';

/** Everything beside text and values that makes an execution this one and no other: what an approval binds to. */
export function circumstancesOf(parts: SessionParts, portal: Portal | undefined): string {
  const { limits, session, conversation } = parts;
  const { target, id } = session;
  const { changes } = conversation.settings;
  const settings = changes === 0 ? limits.settings : `changed ${changes} times in ${id}`;
  const { name, host, port, database, user } = target;
  return JSON.stringify([name, host, port, database, user, settings, typesOf(portal)]);
}

function typesOf(portal: Portal | undefined): readonly number[] {
  if (!portal) return [];
  return [
    ...portal.prepared.parameterTypes,
    ...portal.parameters.map((p) => p.format),
    ...portal.resultFormats,
  ];
}
