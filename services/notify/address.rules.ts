import ipaddr from 'ipaddr.js';

/** Where cloud machines find their own credentials: never a webhook's receiver, whatever is allowed. */
const metadata = new Set(['100.100.100.200', '168.63.129.16', 'fd00:ec2::254', 'fd20:ce::254']);
/** What `allowPrivate` opens. Link-local is not among them: 169.254.169.254 lives there. */
const privateRanges = new Set(['private', 'loopback', 'carrierGradeNat', 'uniqueLocal']);
/** The only IPv6 space that is handed out; ipaddr.js calls `::127.0.0.1` and `4000::` unicast too. */
const globalUnicast = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];
/** NAT64's well-known prefix; an IPv6-only network reaches every IPv4 address by it. */
const nat64 = ipaddr.parseCIDR('64:ff9b::/96') as [ipaddr.IPv6, number];

export type Reach = 'public' | 'private' | 'never';

/** What kind of place an IP address is. What is not plainly public or private is `never`. */
export function reachOf(address: string): Reach {
  if (!ipaddr.isValid(address)) return 'never';
  const plain = embedded(ipaddr.parse(address));
  if (metadata.has(plain.toString())) return 'never';
  const range = plain.range();
  if (privateRanges.has(range)) return 'private';
  return range === 'unicast' && isHandedOut(plain) ? 'public' : 'never';
}

/** The IPv4 address that an IPv6 one stands for, where it is mapped or translated; else itself. */
function embedded(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (address instanceof ipaddr.IPv4) return address;
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  return address.match(nat64) ? new ipaddr.IPv4(address.toByteArray().slice(-4)) : address;
}

function isHandedOut(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return address instanceof ipaddr.IPv4 || address.match(globalUnicast);
}
