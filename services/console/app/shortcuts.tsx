import { createContext, use, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';

export interface Shortcut {
  /** `j`, `?`, or two keys one after the other: `g a`. */
  readonly keys: string;
  readonly label: string;
  readonly run: () => void;
}

interface Registry {
  readonly all: ReadonlySet<Shortcut>;
  add(shortcut: Shortcut): () => void;
}

const Shortcuts = createContext<Registry | undefined>(undefined);

/** How long the second key of two may take. */
const patience = 1200;

export function ShortcutsProvider({ children }: { readonly children: ReactNode }) {
  const [all, setAll] = useState<ReadonlySet<Shortcut>>(new Set());
  const registry = useMemo<Registry>(
    () => ({
      all,
      add: (shortcut) => {
        setAll((known) => new Set([...known, shortcut]));
        return () => setAll((known) => new Set([...known].filter((each) => each !== shortcut)));
      },
    }),
    [all],
  );
  useKeys(all);
  return <Shortcuts value={registry}>{children}</Shortcuts>;
}

/** Binds keys while the component is shown. `run` may change from one drawing to the next. */
export function useShortcut(keys: string, label: string, run: () => void, enabled = true): void {
  const add = use(Shortcuts)?.add;
  const latest = useRef(run);
  latest.current = run;
  const addOnce = useRef(add);
  useEffect(() => {
    if (!enabled) return;
    return addOnce.current?.({ keys, label, run: () => latest.current() });
  }, [keys, label, enabled]);
}

export function useShortcutList(): readonly Shortcut[] {
  return [...(use(Shortcuts)?.all ?? [])];
}

function useKeys(all: ReadonlySet<Shortcut>): void {
  const known = useRef(all);
  known.current = all;
  useEffect(() => {
    let before = { key: '', at: 0 };
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTaken(event)) return;
      const pair = event.timeStamp - before.at < patience ? `${before.key} ${event.key}` : '';
      const found = [...known.current].findLast(({ keys }) => keys === pair || keys === event.key);
      before = { key: event.key, at: event.timeStamp };
      if (!found) return;
      event.preventDefault();
      found.run();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

/** Whoever types means letters, Enter follows a link, and dialogs and menus have keys of their own. */
function isTaken({ target, key }: KeyboardEvent): boolean {
  if (document.querySelector('[role=dialog][data-state=open], [role=menu][data-state=open]')) return true;
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return true;
  return key === 'Enter' && /^(A|BUTTON|SUMMARY)$/.test(target.tagName);
}
