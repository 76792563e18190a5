import { useState } from 'react';

/** Sent twice, it counts once: the key is made once a dialog. */
export function useIdempotencyKey(): string {
  const [key] = useState(newKey);
  return key;
}

/** No `randomUUID()`: browsers have it on https and on loopback only. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16)).join('-');
}
