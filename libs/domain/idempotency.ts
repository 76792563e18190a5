import { createHash } from 'node:crypto';
import { AppError, newId } from '#kernel';

/**
 * The id of the event that a write makes. With an Idempotency-Key it follows from the key and its scope (caller,
 * verb, thing), so a retry makes the same event; without one it is new each time. INPUT_INVALID for a key that is
 * empty or above 200 characters.
 */
export function eventIdFor(key: string | undefined, scope: readonly string[], now: number): string {
  if (key === undefined) return newId('evt', now);
  if (key.length === 0 || key.length > 200)
    throw new AppError('INPUT_INVALID', 'an Idempotency-Key has 1 to 200 characters');
  const digest = createHash('sha256')
    .update(JSON.stringify([...scope, key]))
    .digest('hex');
  return `evt_${digest.slice(0, 32)}`;
}
