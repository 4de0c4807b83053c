import { call, type CallOptions, type Reply } from './http.js';

/** Headers of a request that a page of the same origin sends. */
export const OWN_PAGE = { 'sec-fetch-site': 'same-origin' } as const;

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

/**
 * A minimal browser for logins: it keeps cookies per host name, whatever the port, and per path (RFC 6265), and does
 * not follow redirects by itself.
 */
export class Browser {
  /** By host name (RFC 6265 section 8.5: cookies do not know ports). */
  private readonly cookies = new Map<string, readonly Cookie[]>();

  /** Requests a URL with this browser's cookies. */
  async visit<Body = Record<string, unknown>>(url: string, options: CallOptions = {}): Promise<Reply<Body>> {
    const { hostname, pathname } = new URL(url);
    const sent = this.of(hostname).filter(({ path }) => isBelow(pathname, path));
    const cookie = sent.map(({ name, value }) => `${name}=${value}`).join('; ');
    const reply = await call<Body>(url, {
      ...options,
      headers: { ...(cookie === '' ? {} : { cookie }), ...options.headers },
    });
    for (const line of reply.headers.getSetCookie()) this.store(hostname, line);
    return reply;
  }

  /** The value of a cookie; `undefined` if the browser has none of this name. */
  cookie(url: string, name: string): string | undefined {
    return this.of(new URL(url).hostname).find((each) => each.name === name)?.value;
  }

  /** Sets a cookie as somebody with access to the browser can. */
  plant(url: string, name: string, value: string): void {
    this.store(new URL(url).hostname, `${name}=${value}; path=/`);
  }

  private of(hostname: string): readonly Cookie[] {
    return this.cookies.get(hostname) ?? [];
  }

  private store(hostname: string, line: string): void {
    const [pair = ''] = line.split(';', 1);
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    const path = /;\s*path=([^;]+)/i.exec(line)?.[1] ?? '/';
    const others = this.of(hostname).filter((each) => each.name !== name || each.path !== path);
    const isGone = /;\s*max-age=0\b|;\s*expires=Thu, 01 Jan 1970/i.test(line);
    this.cookies.set(hostname, isGone ? others : [...others, { name, value: pair.slice(at + 1), path }]);
  }
}

/** Whether a path is a cookie's path or below it (RFC 6265 section 5.1.4). */
function isBelow(pathname: string, path: string): boolean {
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`);
}

/** The redirect target of a reply. @param base base of a relative address */
export function locationOf(reply: Reply<unknown>, base?: string): URL {
  const location = reply.headers.get('location');
  if (location === null) throw new Error(`no redirect but ${reply.status}: ${reply.text}`);
  return new URL(location, base);
}

/**
 * The URL to which a refused login returns, without its request id.
 * @throws Error if there is no request id
 */
export function refusalOf(location: URL | string): string {
  const url = new URL(location);
  if (!/^[0-9a-f-]{36}$/.test(url.searchParams.get('request_id') ?? ''))
    throw new Error(`no request_id in ${url.href}`);
  url.searchParams.delete('request_id');
  return url.href;
}
