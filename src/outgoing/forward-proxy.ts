import http from 'node:http';
import https from 'node:https';
import type { LookupFunction, Socket } from 'node:net';

/** A forward proxy for calls by https, from HTTPS_PROXY and NO_PROXY. */
export interface ForwardProxy {
  /** http or https; with user and password where it wants them. */
  readonly url: string;
  /** Hosts that are called directly: `example.com` and `.example.com` with all below them, `host:port`, `*`. */
  readonly except: readonly string[];
}

/** Whether a call goes through the proxy: by https alone, and not to a host of NO_PROXY. */
export function goesThrough(proxy: ForwardProxy | null, url: URL): proxy is ForwardProxy {
  if (proxy === null || url.protocol !== 'https:') return false;
  const port = url.port === '' ? '443' : url.port;
  return !proxy.except.some((entry) => {
    const [, host = '', onPort] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
    if (onPort !== undefined && onPort !== port) return false;
    return entry === '*' || url.hostname === host || url.hostname.endsWith(`.${host}`);
  });
}

/** A tunnel that is being made. */
export interface Tunnel {
  readonly made: Promise<Socket>;
  destroy(reason: Error): void;
}

/**
 * Asks the proxy for a connection (CONNECT, RFC 9110 section 9.3.6). The proxy resolves the name; what is said
 * through the tunnel is TLS, whose certificate must be the host's.
 * @param target `host:port`
 */
export function openTunnel({ url }: ForwardProxy, target: string, lookup: LookupFunction): Tunnel {
  const proxy = new URL(url);
  const user = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const { request: open } = proxy.protocol === 'https:' ? https : http;
  const request = open({
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port === '' ? (proxy.protocol === 'https:' ? 443 : 80) : Number(proxy.port),
    method: 'CONNECT',
    path: target,
    headers: {
      host: target,
      ...(user === ':' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(user).toString('base64')}` }),
    },
    agent: false,
    lookup,
  });
  const made = new Promise<Socket>((resolve, reject) => {
    request.once('error', reject);
    request.once('connect', (response, socket) => {
      if (response.statusCode === 200) resolve(socket);
      else {
        socket.destroy();
        reject(Object.assign(new Error('the proxy refused'), { code: `PROXY_${response.statusCode ?? 0}` }));
      }
    });
    request.end();
  });
  return { made, destroy: (reason) => void request.destroy(reason) };
}
