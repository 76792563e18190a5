import { useCallback, useState } from 'react';

export type Theme = 'system' | 'light' | 'dark';

const key = 'weir.theme'; // read by public/theme.js before the first paint

/** The chosen theme, and the way to choose the next. */
export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(stored);
  const choose = useCallback((next: Theme) => {
    setTheme(next);
    if (next === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = next;
    try {
      if (next === 'system') localStorage.removeItem(key);
      else localStorage.setItem(key, next);
    } catch {
      // Storage is off: it holds for this page.
    }
  }, []);
  return [theme, choose];
}

function stored(): Theme {
  const chosen = document.documentElement.dataset['theme'];
  return chosen === 'light' || chosen === 'dark' ? chosen : 'system';
}
