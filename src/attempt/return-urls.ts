import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import type { ErrorCode } from '../common/error-catalogue.js';
import { AppConfig } from '../config/app-config.js';

/** Characters by which a browser and a parser come to read two different addresses. */
const AMBIGUOUS = /[\p{Cc}\s\\]/u;
/** More often nobody decodes a path in a row: a proxy, a server and a framework. */
const MAX_DECODINGS = 3;

/** The allow list RETURN_URLS: where a login may send a browser. Compared after parsing, never as text. */
@Injectable()
export class ReturnUrls {
  private readonly prefixes: readonly URL[];

  constructor(config: AppConfig) {
    // The login page itself is always a place to come back to.
    this.prefixes = [...config.returnUrls, `${config.publicUrl}/login`].map((prefix) => new URL(prefix));
  }

  /**
   * The address, parsed, if a login may return to it.
   * @throws AppError RETURN_URL_FORBIDDEN
   */
  allowed(returnTo: string): URL {
    const url = AMBIGUOUS.test(returnTo) || !URL.canParse(returnTo) ? null : new URL(returnTo);
    if (!url || !isPlain(url) || !this.prefixes.some((prefix) => isWithin(url, prefix))) {
      throw new AppError('RETURN_URL_FORBIDDEN');
    }
    return url;
  }

  /** Origins that may call us from a browser with cookies. */
  origins(): string[] {
    return [...new Set(this.prefixes.map((prefix) => prefix.origin))];
  }
}

function isPlain(url: URL): boolean {
  return ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.password === '';
}

function isWithin(url: URL, prefix: URL): boolean {
  if (url.origin !== prefix.origin) return false;
  const path = prefix.pathname.replace(/\/$/, '');
  if (path === '') return true;
  return (url.pathname === path || url.pathname.startsWith(`${path}/`)) && staysBelow(url.pathname);
}

/**
 * Whether no server can read a way up or out of a path that the URL parser sees none in. Servers decode before they
 * resolve (`%2f`, `%252e`), some take away parameters first (`..;/`, Servlet specification 4.0 section 3.1), fold wide
 * forms (`．．`), or merge slashes. What cannot be decoded is not judged, but refused.
 */
function staysBelow(pathname: string): boolean {
  const segments = pathname.slice(1).split('/');
  return segments.every((segment, index) => {
    const read = decoded(segment)?.normalize('NFKC');
    if (read === undefined || /[/\\\p{Cc}]/u.test(read)) return false;
    const name = read.replace(/;.*$/s, '').trim();
    // A slash at the end, and no other, leaves an empty name.
    return !/^\.{1,2}$/.test(name) && (name !== '' || (segment === '' && index === segments.length - 1));
  });
}

function decoded(segment: string): string | undefined {
  let read = segment;
  for (let turn = 0; turn < MAX_DECODINGS && read.includes('%'); turn++) {
    try {
      read = decodeURIComponent(read);
    } catch {
      // What was encoded well holds a percent sign of its own.
      return turn === 0 ? undefined : read;
    }
  }
  return read;
}

const ANSWERS = ['loginCode', 'linked', 'error'] as const;
/** Beside `error`: under which the log and the events have it. */
const REQUEST_ID = 'request_id';
/** What a login tells the page that it returns to. */
type Answer = (typeof ANSWERS)[number];

/** The address with one answer of ours in its query; answers of earlier logins are taken out. */
export function withAnswer(returnTo: string, name: Answer, value: string): string {
  const url = new URL(returnTo);
  for (const each of ANSWERS) url.searchParams.delete(each);
  url.searchParams.delete(REQUEST_ID);
  url.searchParams.set(name, value);
  return url.href;
}

/** The address with an error in its query, and the id of the request that ended in it. */
export function withError(returnTo: string, code: ErrorCode, requestId: string): string {
  const url = new URL(withAnswer(returnTo, 'error', code));
  url.searchParams.set(REQUEST_ID, requestId);
  return url.href;
}
