import { call, type CallOptions, type Reply } from './http.js';

/** A minimal browser for logins: it keeps cookies per host and does not follow redirects by itself. */
export class Browser {
  private readonly cookies = new Map<string, string>();

  /** Requests a URL with this browser's cookies. */
  async visit<Body = Record<string, unknown>>(url: string, options: CallOptions = {}): Promise<Reply<Body>> {
    const { host } = new URL(url);
    const cookie = this.cookies.get(host);
    const reply = await call<Body>(url, {
      ...options,
      headers: { ...(cookie === undefined ? {} : { cookie }), ...options.headers },
    });
    const set = reply.headers.getSetCookie().map((line) => line.split(';', 1)[0]);
    if (set.length > 0) this.cookies.set(host, set.join('; '));
    return reply;
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
