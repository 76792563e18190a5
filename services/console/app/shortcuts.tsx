import {
  createContext,
  use,
  useCallback,
  useEffect,
  useEffectEvent,
  useRef,
  useState,
  type ReactNode,
} from 'react';

export interface Shortcut {
  /** `j`, `?`, or two keys one after the other: `g a`. */
  readonly keys: string;
  readonly label: string;
  readonly run: () => void;
}

type Add = (shortcut: Shortcut) => () => void;

/** Apart: whoever binds keys is not drawn anew when others do. */
const AddShortcut = createContext<Add>(() => () => undefined);
const AllShortcuts = createContext<readonly Shortcut[]>([]);

/** How long the second key of two may take. */
const patience = 1200;

export function ShortcutsProvider({ children }: { readonly children: ReactNode }) {
  const [all, setAll] = useState<readonly Shortcut[]>([]);
  const add = useCallback<Add>((shortcut) => {
    setAll((known) => [...known, shortcut]);
    return () => setAll((known) => known.filter((each) => each !== shortcut));
  }, []);
  useKeys(all);
  return (
    <AddShortcut value={add}>
      <AllShortcuts value={all}>{children}</AllShortcuts>
    </AddShortcut>
  );
}

/** Binds keys while the component is shown. `run` may change from one drawing to the next. */
export function useShortcut(keys: string, label: string, run: () => void, enabled = true): void {
  const add = use(AddShortcut);
  const latest = useEffectEvent(run);
  useEffect(() => {
    if (!enabled) return;
    return add({ keys, label, run: () => latest() });
  }, [add, keys, label, enabled]);
}

export function useShortcutList(): readonly Shortcut[] {
  return use(AllShortcuts);
}

function useKeys(all: readonly Shortcut[]): void {
  const before = useRef({ key: '', at: 0 });
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTaken(event)) return;
    const { key, at } = before.current;
    const pair = event.timeStamp - at < patience ? `${key} ${event.key}` : '';
    before.current = { key: event.key, at: event.timeStamp };
    const found = all.findLast(({ keys }) => keys === pair) ?? all.findLast(({ keys }) => keys === event.key);
    if (!found) return;
    event.preventDefault();
    found.run();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => onKey(event);
    window.addEventListener('keydown', listener);
    return () => window.removeEventListener('keydown', listener);
  }, []);
}

/** Whoever types means letters, Enter follows a link, and dialogs and menus have keys of their own. */
function isTaken({ target, key }: KeyboardEvent): boolean {
  if (document.querySelector('[role=dialog][data-state=open], [role=menu][data-state=open]')) return true;
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return true;
  return key === 'Enter' && /^(A|BUTTON|SUMMARY)$/.test(target.tagName);
}
