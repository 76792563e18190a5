import type { GetQuarantinesResponse } from '../../api/gen/types.gen.js';
import type { Tone } from '../../ui/tag.js';

export type Quarantine = GetQuarantinesResponse['quarantines'][number];
export type Level = Quarantine['level'];

interface LevelWords {
  readonly word: string;
  readonly tone: Tone;
  /** What it does on open sessions and new ones, in one line. */
  readonly does: string;
}

const words: Readonly<Record<Level, LevelWords>> = {
  watch: {
    word: 'Watch',
    tone: 'info',
    does: 'The risk is at least watch; policies that ask about it decide. Nothing else changes.',
  },
  approve: {
    word: 'Approve everything',
    tone: 'waiting',
    does: 'A person decides each statement, in a transaction too.',
  },
  nothing_sensitive: {
    word: 'Nothing sensitive',
    tone: 'waiting',
    does: 'What touches masked or classified columns is refused, and what nobody can see into.',
  },
  blocked: {
    word: 'Blocked',
    tone: 'bad',
    does: 'Sessions end at once, what runs is cancelled, and no new one is opened.',
  },
};

/** From the mildest to the strictest. */
export const levels = Object.keys(words) as readonly Level[];

/** A level that is not known here stands as it is. */
export function levelWords(level: string): LevelWords {
  if (Object.hasOwn(words, level)) return words[level as Level];
  return { word: level, tone: 'neutral', does: 'This page does not know what it does.' };
}
