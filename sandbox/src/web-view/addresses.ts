import type { ServiceAddress } from '../state/service-address.js';

/**
 * Where a URL is inside the virtual WeChat, whose origin is `origin`: the service, and WeChat's own pages, are
 * there; everything else stays where it is.
 */
export function addressInside(url: string, origin: string, service: ServiceAddress): string {
  for (const base of [service.publicUrl, service.url]) {
    const rest = restAfter(base, url);
    if (rest !== null) return origin + (rest.startsWith('/') ? rest : `/${rest}`);
  }
  if (!URL.canParse(url)) return url;
  const { protocol, port, pathname, search, hash } = new URL(url);
  const isOurs = protocol === 'http:' && port === new URL(origin).port && pathname.startsWith('/connect/');
  return isOurs ? `${origin}${pathname}${search}${hash}` : url;
}

/** The URL by which browsers know what is at this URL inside the virtual WeChat; other URLs stay. */
export function addressOutside(url: string, origin: string, service: ServiceAddress): string {
  const rest = restAfter(origin, url);
  return rest === null ? url : service.publicUrl + rest;
}

/** What follows `base` in `url`, on a boundary; null where it is elsewhere. */
function restAfter(base: string, url: string): string | null {
  if (!url.startsWith(base)) return null;
  const rest = url.slice(base.length);
  return rest === '' || /^[/?#]/.test(rest) ? rest : null;
}
