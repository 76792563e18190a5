import { Button } from '../ui/button.js';
import { useTheme, type Theme } from './theme.js';

const next: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };
const words: Readonly<Record<Theme, string>> = { system: 'Auto', light: 'Light', dark: 'Dark' };

/** Light, dark, or as the system has it. */
export function ThemeButton() {
  const [theme, choose] = useTheme();
  return (
    <Button
      look="quiet"
      onClick={() => choose(next[theme])}
      aria-label={`Theme: ${words[theme]}. Change to ${words[next[theme]]}`}
    >
      <span className={`theme-dot theme-${theme}`} aria-hidden="true" />
      <span className="only-wide">{words[theme]}</span>
    </Button>
  );
}
