import { BlockList, isIPv4 } from 'node:net';
import { ipAddress } from './ip-address.js';

/** Upper bound for a realistic chain of proxies. */
const MAX_HOPS = 20;
/**
 * Length of the longest notation of an address: IPv6 with a mapped IPv4 address, a zone, brackets and a port.
 */
const MAX_ENTRY_LENGTH = 80;
/** Some proxies append the port of the connection: `203.0.113.7:51234`, `[2001:db8::1]:443`. */
const WITH_PORT = /^(?:\[([^\]]*)\]|(\d+\.\d+\.\d+\.\d+))(?::\d{1,5})?$/;
const MAPPED_BITS = 96;
/** Used for a connection that is closed already. */
const UNKNOWN_ADDRESS = '0.0.0.0';

/** Determines the client address of a request by the connection and by X-Forwarded-For of trusted proxies. */
export class ClientAddresses {
  private readonly trusted = new BlockList();
  private readonly trustsAny: boolean;

  /** @param proxies IP addresses and CIDR blocks (TRUSTED_PROXIES) */
  constructor(proxies: readonly string[]) {
    this.trustsAny = proxies.length > 0;
    for (const proxy of proxies) this.trust(proxy);
  }

  /**
   * Returns the nearest address that is not a trusted proxy: the peer of the connection, then the entries of
   * X-Forwarded-For from right to left. An invalid entry ends the search, because its author cannot be
   * trusted. The result is then the proxy that passed it on.
   * @param peer address of the socket; `undefined` if the connection is closed
   * @param forwardedFor the header; several fields joined by commas
   * @param isProgram the caller has sent a valid API key: it acts for a client and counts as a trusted proxy
   */
  find(peer: string | undefined, forwardedFor: string | undefined, isProgram = false): string {
    let address = ipAddress(peer ?? '') ?? UNKNOWN_ADDRESS;
    if (forwardedFor === undefined || (!this.trustsAny && !isProgram)) return address;
    // A proxy that appends to a received header repeats the program's address.
    let program: string | null = null;
    let end = forwardedFor.length;
    for (let hop = 0; hop < MAX_HOPS && end > 0; hop++) {
      if (!this.isTrusted(address)) {
        if (!isProgram || (program !== null && address !== program)) return address;
        program = address;
      }
      const comma = forwardedFor.lastIndexOf(',', end - 1);
      const next = addressOf(forwardedFor.slice(comma + 1, end));
      if (next === null) return address;
      address = next;
      end = comma;
    }
    return address;
  }

  private isTrusted(address: string): boolean {
    return this.trustsAny && this.trusted.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
  }

  private trust(proxy: string): void {
    const [written = '', bits] = proxy.split('/', 2);
    const address = ipAddress(written) ?? written;
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    if (bits === undefined) {
      this.trusted.addAddress(address, family);
      return;
    }
    // `::ffff:10.0.0.0/104` is the same as `10.0.0.0/8`.
    const wasMapped = family === 'ipv4' && !isIPv4(written);
    this.trusted.addSubnet(address, Math.max(0, Number(bits) - (wasMapped ? MAPPED_BITS : 0)), family);
  }
}

function addressOf(entry: string): string | null {
  const text = entry.trim();
  if (text.length > MAX_ENTRY_LENGTH) return null;
  const [, ipv6, ipv4] = WITH_PORT.exec(text) ?? [];
  return ipAddress(ipv6 ?? ipv4 ?? text);
}
