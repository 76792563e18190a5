/** What the proxy writes where nobody asked for the end. */
const words: Readonly<Record<string, string>> = {
  terminated: 'the client said good-bye',
  'client gone': 'the client was gone without a good-bye',
  'target gone': 'the database closed its connection',
  ended: 'the gate closed it',
  lost: 'lost: the gate stopped while it was open',
};

/** How a session ended, in words; `by`: who asked for it, where that is known. */
export function endingOf(reason: string, by = ''): string {
  if (Object.hasOwn(words, reason)) return words[reason] ?? reason;
  const [, kind, why] = /^(ended|error): ([^]*)$/.exec(reason) ?? [];
  if (kind === 'error') return `by an error: ${why}`;
  if (kind === 'ended') return by === '' ? `by Weirkeeper: ${why}` : `by ${by}: ${why}`;
  return reason === '' ? 'no reason is recorded' : reason;
}
