import { createHash } from 'node:crypto';
import { AppError, newId } from '#kernel';

/** What a caller sent. `body`: as parsed, and without a secret, because the log gets a digest of it. */
export interface Sent {
  readonly key: string | undefined;
  readonly body: unknown;
}

/* evt_ digest of scope and key:hex32 _ digest of the body:hex16 */
const keyed = /^(evt_[0-9a-f]{32})_[0-9a-f]{16}$/;

/**
 * The id of the event that a write makes. With an Idempotency-Key it follows from the key, its scope (caller, verb, thing)
 * and the body, so a retry makes the same event; without one it is new each time. INPUT_INVALID for a key that is
 * empty or above 200 characters.
 */
export function eventIdFor({ key, body }: Sent, scope: readonly string[], now: number): string {
  if (key === undefined) return newId('evt', now);
  if (key.length === 0 || key.length > 200)
    throw new AppError('INPUT_INVALID', 'an Idempotency-Key has 1 to 200 characters');
  return `evt_${digest([...scope, key]).slice(0, 32)}_${digest(body).slice(0, 16)}`;
}

/** What the ids of one caller's writes under one key have in common, whatever their body. */
export function writeOf(eventId: string): string {
  return keyed.exec(eventId)?.[1] ?? eventId;
}

/** True for a retry of `said`, false for another write. Throws KEY_REUSED where only the body is another. */
export function isRetry(eventId: string, said: string): boolean {
  if (writeOf(eventId) !== writeOf(said)) return false;
  if (eventId === said) return true;
  throw keyReused();
}

export function keyReused(): AppError {
  return new AppError('KEY_REUSED', 'this Idempotency-Key was used for another request', {
    hint: 'Send what was sent first, or take a new key.',
  });
}

function digest(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(value) ?? '')
    .digest('hex');
}
