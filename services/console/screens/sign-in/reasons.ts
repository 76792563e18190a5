/** The gate sends a code, never a text from outside. */
const reasons: Readonly<Record<string, string>> = {
  expired: 'The sign-in took too long, or was begun elsewhere. Try again.',
  mismatch: 'The answer belonged to no sign-in that was begun here. Try again.',
  denied: 'The provider said no, or the sign-in was cancelled there.',
  refused: 'The provider’s answer could not be verified. Tell who runs Weirkeeper: the log has the cause.',
  unavailable: 'The provider could not be reached. Try again in a moment.',
  unknown: 'There is no such provider any more. Choose one below.',
};

export function reasonOf(code: string): string {
  const words = Object.hasOwn(reasons, code) ? reasons[code] : undefined;
  if (words !== undefined) return words;
  const shown = /^[\w-]{1,40}$/.test(code) ? ` (${code})` : '';
  return `The sign-in did not succeed${shown}. Try again, or tell who runs Weirkeeper.`;
}
