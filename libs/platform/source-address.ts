import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';

export type Networks = readonly [ipaddr.IPv4 | ipaddr.IPv6, number][];

/** Networks (`10.0.0.0/8`) and single addresses. Throws an Error that names what is neither. */
export function parseNetworks(texts: readonly string[]): Networks {
  return texts.map((text) => {
    if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
    if (!ipaddr.isValid(text) || /^\d+(\.\d+){0,2}$/.test(text))
      throw new Error(`"${text}" is neither an address nor a network such as 10.0.0.0/8`);
    const address = ipaddr.parse(text);
    return [address, address.kind() === 'ipv4' ? 32 : 128];
  });
}

/**
 * Where a request comes from. X-Forwarded-For is read from a trusted proxy only, from its right end: each
 * trusted hop vouches for the one before it, and what stands left of the first stranger is that stranger's word.
 */
export function sourceAddress(
  request: Pick<IncomingMessage, 'headers' | 'socket'>,
  trusted: Networks,
): string {
  let source = normal(request.socket.remoteAddress);
  const hops = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',').reverse();
  for (const hop of hops) {
    if (!isWithin(source, trusted)) return source;
    const next = normal(hop.trim());
    if (next === '') return source;
    source = next;
  }
  return source;
}

/** One form an address, `::ffff:10.0.0.1` as `10.0.0.1`; '' for what is none. */
function normal(text: string | undefined): string {
  return text !== undefined && ipaddr.isValid(text) ? ipaddr.process(text).toString() : '';
}

/** Whether it is in one of them; '' is in none. */
export function isWithin(text: string, networks: Networks): boolean {
  if (text === '' || networks.length === 0) return false;
  const address = ipaddr.parse(text);
  return networks.some(
    ([network, bits]) => address.kind() === network.kind() && address.match(network, bits),
  );
}
