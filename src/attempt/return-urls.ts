import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { AppConfig } from '../config/app-config.js';

/** Characters by which a browser and a parser come to read two different addresses. */
const AMBIGUOUS = /[\p{Cc}\s\\]/u;
/** A slash that some servers decode before they resolve `..`. */
const HIDDEN_SLASH = /%(2f|5c)/i;

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
  return !HIDDEN_SLASH.test(url.pathname) && (url.pathname === path || url.pathname.startsWith(`${path}/`));
}

const ANSWERS = ['loginCode', 'linked', 'error'] as const;
/** What a login tells the page that it returns to. */
type Answer = (typeof ANSWERS)[number];

/** The address with one answer of ours in its query; answers of earlier logins are taken out. */
export function withAnswer(returnTo: string, name: Answer, value: string): string {
  const url = new URL(returnTo);
  for (const each of ANSWERS) url.searchParams.delete(each);
  url.searchParams.set(name, value);
  return url.href;
}
