import { isIPv4 } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Whether a host name (without port) means this computer without asking a DNS server (RFC 6761 section 6.3). */
export function isLocalName(hostname: string): boolean {
  const name = hostname.toLowerCase();
  if (name === 'localhost' || name.endsWith('.localhost') || name === '[::1]') return true;
  return isIPv4(name) && name.startsWith('127.');
}

/**
 * Refuses requests whose Host is not one of the sandbox's. By DNS rebinding, a web page can point its own host name
 * to this computer; the browser would then let the page read each reply.
 * @param names host names besides the local ones, without port
 */
export function takeOnlyOwnHosts(server: FastifyInstance, names: readonly string[]): void {
  const own = new Set(names.map((name) => name.toLowerCase()));
  server.addHook('onRequest', async (request, reply) => {
    const hostname = hostnameOf(request.headers.host ?? '');
    if (hostname !== null && (isLocalName(hostname) || own.has(hostname))) return;
    await reply.code(421).send({
      error:
        'The sandbox answers at localhost, and at the host of WECHAT_API_URL, WECHAT_OPEN_URL or SANDBOX_HOST.',
    });
  });
}

/** The host name in a Host header, normalised as in a URL; `null` for a malformed header. */
function hostnameOf(host: string): string | null {
  const url = `http://${host}/`;
  if (!/^[A-Za-z0-9.[\]:_-]+$/.test(host) || !URL.canParse(url)) return null;
  return new URL(url).hostname;
}
