import { useEffect, useState } from 'react';
import { Button } from './button.js';

/** Copies a text, and says so for a moment, to the eye and to a screen reader. */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle');
  useEffect(() => {
    if (state === 'idle') return;
    const timer = setTimeout(() => setState('idle'), 2000);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = () => {
    navigator.clipboard.writeText(text).then(
      () => setState('copied'),
      () => setState('failed'),
    );
  };
  const words = { idle: 'Copy', copied: 'Copied', failed: 'Select and copy' };
  return (
    <Button className="copy" onClick={copy} aria-label={`${words[state]} ${what}`}>
      {words[state]}
      <span className="unseen" role="status">
        {state === 'copied' ? `Copied ${what}` : ''}
      </span>
    </Button>
  );
}
