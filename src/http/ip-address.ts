import { isIPv4, isIPv6, SocketAddress } from 'node:net';

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/;

/**
 * The canonical form of an IP address: IPv4 with dots, also if it is mapped into IPv6 (RFC 4291 section
 * 2.5.5.2); IPv6 as in RFC 5952, without a zone. At most 39 characters.
 * @returns `null` if the text is not an IP address
 */
export function ipAddress(text: string): string | null {
  if (isIPv4(text)) return text;
  const [address = ''] = text.split('%', 1);
  if (!isIPv6(address)) return null;
  const canonical = new SocketAddress({ address, family: 'ipv6' }).address;
  return MAPPED.exec(canonical)?.[1] ?? canonical;
}

/**
 * The key for rate limits by address: an IPv4 address, or the /64 of an IPv6 address, because one customer
 * usually has a whole /64.
 */
export function addressGroup(ip: string): string {
  const address = ipAddress(ip);
  if (address === null || isIPv4(address)) return address ?? ip;
  const [head = '', tail] = address.split('::', 2);
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - front.length - back.length }, () => '0');
  return `${[...front, ...zeros, ...back].slice(0, 4).join(':')}::/64`;
}
