import { useSyncExternalStore } from 'react';

/** So long after the last key or move somebody still sits there. */
const patienceMs = 5 * 60_000;

const listeners = new Set<() => void>();
let lastInput = Date.now();
let isAttended = true;

/**
 * Whether somebody is there. What a page asks for by itself must stop when nobody is: each request counts as use of
 * the session, and would keep it from ever being idle. (In a hidden tab queries pause by themselves.)
 */
export function useAttended(): boolean {
  return useSyncExternalStore(listen, () => isAttended);
}

/** The same for what is no component. */
export function attendedNow(): boolean {
  return isAttended;
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function set(value: boolean): void {
  if (isAttended === value) return;
  isAttended = value;
  for (const listener of listeners) listener();
}

/** Begins to watch; once. */
export function watchAttendance(): void {
  const seen = () => {
    lastInput = Date.now();
    set(true);
  };
  for (const type of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchmove'])
    window.addEventListener(type, seen, { passive: true, capture: true });
  setInterval(() => set(Date.now() - lastInput < patienceMs), 15_000);
}
