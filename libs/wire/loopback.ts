import { isIPv4, isIPv6 } from 'node:net';

/** True for an address that never leaves this host: 127.0.0.0/8, ::1, the IPv4-mapped form, a Unix socket's path. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  if (address.startsWith('/')) return true;
  const plain = plainAddress(address);
  if (isIPv4(plain)) return plain.startsWith('127.');
  return isIPv6(plain) && /^(0{0,4}:){2,7}0{0,3}1$/.test(plain);
}

/** What a socket on `::` calls `::ffff:10.0.0.1` is `10.0.0.1`: one place has one name. */
export function plainAddress(address: string): string {
  const plain = address.toLowerCase().replace(/^::ffff:/, '');
  return isIPv4(plain) ? plain : address;
}

/** The same for a configured host name, where only the name itself is known: `localhost` counts, no other name. */
export function isLoopbackHost(host: string): boolean {
  return host.toLowerCase() === 'localhost' || isLoopback(host.replace(/^\[(.*)\]$/, '$1'));
}
