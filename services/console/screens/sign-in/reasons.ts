/** The gate sends a code, never a text from outside. */
const reasons: Readonly<Record<string, string>> = {
  cancelled: 'The sign-in was cancelled at the provider.',
  access_denied: 'The provider refused: this account may not sign in here.',
  expired: 'The sign-in took too long, or was begun in another window. Try again.',
  state: 'The answer belonged to no sign-in that was begun here. Try again.',
  provider: 'The provider did not answer as it should. Try again, or tell who runs Weirkeeper.',
  unavailable: 'The provider could not be reached. Try again in a moment.',
};

export function reasonOf(code: string): string {
  const words = reasons[code.toLowerCase()];
  if (words !== undefined) return words;
  const shown = /^[\w-]{1,40}$/.test(code) ? ` (${code})` : '';
  return `The sign-in did not succeed${shown}. Try again, or tell who runs Weirkeeper.`;
}
