/** A path of this site, or `/`: what stands in an address must not lead elsewhere. */
export function localPath(path: string | null): string {
  const isLocal = path !== null && /^\/(?![/\\])[^\\\x00-\x20]*$/.test(path) && !path.startsWith('/sign-in');
  return isLocal ? path : '/';
}
