import type { ReactNode } from 'react';
import { Visible } from './visible-text.js';

export type Tone = 'neutral' | 'good' | 'bad' | 'waiting' | 'info';

/** A word that is told apart by more than its colour: it is always a word. */
export function Tag({ tone = 'neutral', children }: { readonly tone?: Tone; readonly children: ReactNode }) {
  return <span className={`tag tag-${tone}`}>{children}</span>;
}

const decisions: Readonly<Record<string, readonly [Tone, string]>> = {
  allow: ['good', 'Allowed'],
  deny: ['bad', 'Refused'],
  hold: ['waiting', 'Held'],
};

export function DecisionTag({ decision }: { readonly decision: string }) {
  const [tone, word] = decisions[decision] ?? ['neutral', decision];
  return (
    <Tag tone={tone}>
      <Visible text={word} />
    </Tag>
  );
}
