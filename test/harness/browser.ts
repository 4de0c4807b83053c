import { call, type CallOptions, type Reply } from './http.js';

/** A browser as far as a login needs one: it keeps cookies per host and follows redirects only when told. */
export class Browser {
  private readonly cookies = new Map<string, string>();

  /** Calls a URL with this browser's cookies. */
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

/** Where a reply redirects to. @param base for a relative address */
export function locationOf(reply: Reply<unknown>, base?: string): URL {
  const location = reply.headers.get('location');
  if (location === null) throw new Error(`no redirect but ${reply.status}: ${reply.text}`);
  return new URL(location, base);
}

/**
 * Where a refused login returns to, without the id of the request that refused it.
 * @throws Error where there is no such id
 */
export function refusalOf(location: URL | string): string {
  const url = new URL(location);
  if (!/^[0-9a-f-]{36}$/.test(url.searchParams.get('request_id') ?? ''))
    throw new Error(`no request_id in ${url.href}`);
  url.searchParams.delete('request_id');
  return url.href;
}
