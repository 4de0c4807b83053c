/**
 * How WeChat shows the page that is open in a person's browser (section 5): `snapshot` after it was given a snapshot
 * user's code, `full` once the person has tapped 使用完整服务. A cookie on that browser's host, for the page's
 * script to read; the service never sees it.
 */
export type PageMode = 'usual' | 'snapshot' | 'full';

const COOKIE = 'sandbox_page';

/** What the Cookie header says. */
export function pageModeOf(cookies: string | undefined): PageMode {
  const mode = new RegExp(`(?:^|;\\s*)${COOKIE}=(snapshot|full)`).exec(cookies ?? '')?.[1];
  return mode === 'snapshot' || mode === 'full' ? mode : 'usual';
}

/** The Set-Cookie header that says so. */
export function pageModeCookie(mode: PageMode): string {
  const cookie = `${COOKIE}=${mode}; Path=/; SameSite=Lax`;
  return mode === 'usual' ? `${cookie}; Max-Age=0` : cookie;
}

/** A Cookie header without it. */
export function withoutPageMode(cookies: string): string {
  return cookies
    .split(/;\s*/)
    .filter((cookie) => !cookie.startsWith(`${COOKIE}=`))
    .join('; ');
}
