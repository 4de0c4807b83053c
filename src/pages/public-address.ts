import type { IncomingHttpHeaders } from 'node:http';

/**
 * Finds out whether a page was opened under PUBLIC_URL's host name. A login needs that name: the browser's cookie is
 * bound to the host, and WeChat's callback comes to PUBLIC_URL (docs/decisions/037-login-under-another-name.md).
 */
export class PublicAddress {
  private readonly hostname: string;

  constructor(private readonly publicUrl: string) {
    this.hostname = new URL(publicUrl).hostname;
  }

  /**
   * Where a request for a page has to be redirected first. The address is always one of PUBLIC_URL; the query is kept
   * byte for byte and gets `redirected=1` at its end. A request with that mark must not be redirected again.
   * @param path of the page below PUBLIC_URL
   * @param url path and query of the request
   * @returns `null` where the page was opened under PUBLIC_URL's name, or under none that can be read
   */
  redirectFor(path: string, { url = '', headers }: RequestLine): string | null {
    // X-Forwarded-Host needs no trust: whoever forges it is not redirected, and nothing else depends on it.
    const claims = [headers.host, ...String(headers['x-forwarded-host'] ?? '').split(',')];
    const names = claims.map(hostnameOf).filter((name) => name !== null);
    if (names.length === 0 || names.includes(this.hostname)) return null;
    const query = /\?([^#]+)/.exec(url)?.[1];
    return `${this.publicUrl}${path}?${query === undefined ? '' : `${query}&`}redirected=1`;
  }
}

/** What a request asks for, and under which name. */
export interface RequestLine {
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** The name in a Host header, as a URL has it. Without the port: cookies do not know ports, and proxies drop them. */
function hostnameOf(host: string | undefined): string | null {
  const url = `http://${host?.trim() ?? ''}/`;
  return URL.canParse(url) ? new URL(url).hostname : null;
}
