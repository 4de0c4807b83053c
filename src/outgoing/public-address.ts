import ipaddr from 'ipaddr.js';

/** The range of global unicast addresses that IANA allocates (RFC 4291 section 2.4, RFC 3587). */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an address is public: not loopback, private, link-local, shared (RFC 6598), multicast or reserved.
 * IPv6 forms that embed an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo) are not public, because the
 * embedded address could be any of those.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_IPV6);
}
