import type { QrRequest } from '../state/qr-logins.js';

/**
 * Where the browser goes after the person's decision: redirect_uri, then `?` or `&`, then code (absent after a
 * refusal) and state. Joined as text, as WeChat's page does, so a fragment in redirect_uri breaks it (section 4.2).
 */
export function redirectUrlOf(
  request: Pick<QrRequest, 'redirectUri' | 'state'>,
  code: string | null,
): string {
  const mark = request.redirectUri.includes('?') ? '&' : '?';
  const codePart = code === null ? '' : `code=${code}&`;
  return `${request.redirectUri}${mark}${codePart}state=${encodeURIComponent(request.state)}`;
}

/**
 * Whether redirect_uri is an http(s) URL whose host is one of `hosts`; an empty list allows any host. A listed host
 * without a port allows any port, since WeChat registers hosts only (section 4.1).
 */
export function redirectUriIsGood(redirectUri: string, hosts: readonly string[]): boolean {
  if (!URL.canParse(redirectUri)) return false;
  const url = new URL(redirectUri);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return false;
  return hosts.length === 0 || hosts.includes(url.hostname) || hosts.includes(url.host);
}
