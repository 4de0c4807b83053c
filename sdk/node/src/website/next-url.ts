/** Long enough for a path with a query, short enough for a session in a cookie. */
const MAX_LENGTH = 1_024;
/** Characters that browsers and URL parsers read differently. */
const AMBIGUOUS = /[\p{Cc}\\]/u;

/**
 * Where a person goes after the login, from a parameter that anybody can set: a path of this site, or `otherwise`. A
 * login must not become a way to send people to other sites (open redirect).
 * @param next a path, or a URL of the site
 * @param site any URL of the site
 * @param otherwise returned for everything else
 */
export function nextUrl(next: unknown, site: URL, otherwise: string): string {
  if (typeof next !== 'string' || next.length > MAX_LENGTH || AMBIGUOUS.test(next)) return otherwise;
  if (!/^(?:\/(?!\/)|https?:\/\/)/i.test(next) || !URL.canParse(next, site.href)) return otherwise;
  const url = new URL(next, site);
  if (url.origin !== site.origin || url.username !== '' || url.password !== '') return otherwise;
  const path = `${url.pathname}${url.search}${url.hash}`;
  // `/.//evil.example` has the path `//evil.example`.
  return path.startsWith('//') ? otherwise : path;
}
