/** How often what is left to chance is tried: in `npm test` enough to see that it works, in `npm run test:long` in earnest. */
export function rounds(short: number, long: number): number {
  return process.env['WEIR_ROUNDS'] === 'long' ? long : short;
}
