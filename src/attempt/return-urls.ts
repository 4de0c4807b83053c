import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import type { ErrorCode } from '../common/error-catalogue.js';
import { AppConfig } from '../config/app-config.js';

/** Characters that browsers and URL parsers interpret differently. */
export const AMBIGUOUS = /[\p{Cc}\s\\]/u;
/** A path is decoded at most this often: by a proxy, a server and a framework. */
const MAX_DECODINGS = 3;

/** Path of the steps of a login for a partner app, below PUBLIC_URL. A cookie binds them to the browser. */
const INTERACTIONS = '/oidc/interaction';

/** Whether only the browser that began a login can go on at an address: a step of a login for a partner app. */
export function isBoundToBrowser(returnTo: string, { publicUrl }: Pick<AppConfig, 'publicUrl'>): boolean {
  return returnTo.startsWith(`${publicUrl}${INTERACTIONS}/`);
}

/**
 * The allow list RETURN_URLS: where a login may redirect a browser. URLs are compared after parsing, never as
 * text.
 */
@Injectable()
export class ReturnUrls {
  private readonly prefixes: readonly URL[];
  private readonly listedOrigins: ReadonlySet<string>;

  constructor(config: AppConfig) {
    // Our own pages are always allowed: login, account, and the steps of a login for a partner app.
    const own = ['/login', '/account', INTERACTIONS].map((path) => config.publicUrl + path);
    this.prefixes = [...config.returnUrls, ...own].map((prefix) => new URL(prefix));
    this.listedOrigins = new Set(config.returnUrls.map((prefix) => new URL(prefix).origin));
  }

  /**
   * Returns the parsed URL if a login may return to it.
   * @throws AppError RETURN_URL_FORBIDDEN
   */
  allowed(returnTo: string): URL {
    const url = AMBIGUOUS.test(returnTo) || !URL.canParse(returnTo) ? null : new URL(returnTo);
    if (!url || !isPlain(url) || !this.prefixes.some((prefix) => isWithin(url, prefix))) {
      throw new AppError('RETURN_URL_FORBIDDEN');
    }
    return url;
  }

  /** Whether an entry of RETURN_URLS has the origin of a URL, whatever the path. */
  listsOriginOf(url: URL): boolean {
    return this.listedOrigins.has(url.origin);
  }

  /** Origins that may call the API from a browser with cookies (CORS). */
  origins(): string[] {
    return [...new Set(this.prefixes.map((prefix) => prefix.origin))];
  }
}

/** Whether it is http or https, without userinfo. */
export function isPlain(url: URL): boolean {
  return ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.password === '';
}

function isWithin(url: URL, prefix: URL): boolean {
  if (url.origin !== prefix.origin) return false;
  const path = prefix.pathname.replace(/\/$/, '');
  if (path === '') return true;
  return (url.pathname === path || url.pathname.startsWith(`${path}/`)) && staysBelow(url.pathname);
}

/**
 * Whether no server can read `..` or a separator in a path in which the URL parser sees none. Servers decode
 * before they resolve (`%2f`, `%252e`), strip parameters first (`..;/`, Servlet specification 4.0 section
 * 3.1), fold full-width forms (`．．`), or merge slashes. A path that cannot be decoded is refused.
 */
function staysBelow(pathname: string): boolean {
  const segments = pathname.slice(1).split('/');
  return segments.every((segment, index) => {
    const read = decoded(segment)?.normalize('NFKC');
    if (read === undefined || /[/\\\p{Cc}]/u.test(read)) return false;
    const name = read.replace(/;.*$/s, '').trim();
    // Only a trailing slash may leave an empty name.
    return !/^\.{1,2}$/.test(name) && (name !== '' || (segment === '' && index === segments.length - 1));
  });
}

function decoded(segment: string): string | undefined {
  let read = segment;
  for (let turn = 0; turn < MAX_DECODINGS && read.includes('%'); turn++) {
    try {
      read = decodeURIComponent(read);
    } catch {
      // A value that was decoded once may contain a literal percent sign.
      return turn === 0 ? undefined : read;
    }
  }
  return read;
}

const ANSWERS = ['loginCode', 'linked', 'error'] as const;
/** Sent with `error`: the id of the request in the log and in the events. */
const REQUEST_ID = 'request_id';
/** Query parameters that tell the page at returnTo the result of a login. */
type Answer = (typeof ANSWERS)[number];

/** Returns the URL with one result parameter. Result parameters of earlier logins are removed. */
export function withAnswer(returnTo: string, name: Answer, value: string): string {
  const url = new URL(returnTo);
  for (const each of ANSWERS) url.searchParams.delete(each);
  url.searchParams.delete(REQUEST_ID);
  url.searchParams.set(name, value);
  return url.href;
}

/** Returns the URL with an error code and the id of the request that failed. */
export function withError(returnTo: string, code: ErrorCode, requestId: string): string {
  const url = new URL(withAnswer(returnTo, 'error', code));
  url.searchParams.set(REQUEST_ID, requestId);
  return url.href;
}
