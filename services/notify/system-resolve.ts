import { lookup } from 'node:dns/promises';

const underway = new Map<string, Promise<readonly string[]>>();

/**
 * All addresses of a host name, as this machine's resolver has them. One look-up of a name at a time: each holds one
 * of libuv's four threads for as long as a dead resolver takes.
 */
export function systemResolve(host: string): Promise<readonly string[]> {
  const same = underway.get(host);
  if (same) return same;
  const addresses = lookup(host, { all: true, verbatim: true })
    .then((all) => all.map(({ address }) => address))
    .finally(() => underway.delete(host));
  underway.set(host, addresses);
  return addresses;
}
