import ipaddr from 'ipaddr.js';

/** All that IANA has given out as global unicast (RFC 4291 section 2.4, RFC 3587). */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an address is one of the public internet: not loopback, private, link-local, shared (RFC 6598),
 * multicast, reserved, nor an IPv6 form that carries an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo):
 * what stands inside could be any of those.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_IPV6);
}
