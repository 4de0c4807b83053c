import { call, type CallOptions, type Reply } from './http.js';

/** Headers of a request that a page of the same origin sends. */
export const OWN_PAGE = { 'sec-fetch-site': 'same-origin' } as const;

/** A minimal browser for logins: it keeps cookies per host name, whatever the port, and does not follow redirects by itself. */
export class Browser {
  /** By host name and name (RFC 6265 section 8.5: cookies do not know ports). */
  private readonly cookies = new Map<string, Map<string, string>>();

  /** Requests a URL with this browser's cookies. */
  async visit<Body = Record<string, unknown>>(url: string, options: CallOptions = {}): Promise<Reply<Body>> {
    const { hostname } = new URL(url);
    const cookie = this.cookieHeader(hostname);
    const reply = await call<Body>(url, {
      ...options,
      headers: { ...(cookie === undefined ? {} : { cookie }), ...options.headers },
    });
    for (const line of reply.headers.getSetCookie()) this.store(hostname, line);
    return reply;
  }

  /** The value of a cookie; `undefined` if the browser has none of this name. */
  cookie(url: string, name: string): string | undefined {
    return this.cookies.get(new URL(url).hostname)?.get(name);
  }

  /** Sets a cookie as somebody with access to the browser can. */
  plant(url: string, name: string, value: string): void {
    this.store(new URL(url).hostname, `${name}=${value}`);
  }

  private cookieHeader(hostname: string): string | undefined {
    const jar = [...(this.cookies.get(hostname) ?? [])];
    return jar.length === 0 ? undefined : jar.map(([name, value]) => `${name}=${value}`).join('; ');
  }

  private store(hostname: string, line: string): void {
    const [pair = ''] = line.split(';', 1);
    const at = pair.indexOf('=');
    const jar = this.cookies.get(hostname) ?? new Map<string, string>();
    this.cookies.set(hostname, jar);
    if (/;\s*max-age=0\b/i.test(line)) jar.delete(pair.slice(0, at));
    else jar.set(pair.slice(0, at), pair.slice(at + 1));
  }
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
