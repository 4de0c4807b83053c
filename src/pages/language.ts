import type { FastifyReply, FastifyRequest } from 'fastify';
import { acceptedLanguages, isTraditionalChinese } from '../http/accept-language.js';
import { cookieOf, setCookie } from '../http/cookies.js';

/** Languages of the pages, as BCP 47 tags and in the order of the switch. */
export const PAGE_LANGUAGES = ['zh-CN', 'zh-Hant', 'en'] as const;
export type PageLanguage = (typeof PAGE_LANGUAGES)[number];

/** Cookie with the language that the person chose by the switch. It holds no secret. */
const COOKIE = 'wechat-auth-language';
const YEAR = 365 * 24 * 60 * 60;
/** Query parameter of the links of the switch. `ui_locales` alone is the wish of a website. */
export const SWITCHED = 'switched';
/** Characters of `ui_locales` that are read. */
const MAX_UI_LOCALES = 255;

/**
 * The languages of a request by preference, in the form of Accept-Language: `ui_locales` of the query (OpenID Connect
 * Core 1.0 section 3.1.2.1; `uiLocales` is the same), then what the person chose by the switch, then the header.
 * @param uiLocales of the login that the page belongs to, for a URL without `ui_locales`
 */
export function languagesOf(request: FastifyRequest, uiLocales?: string): string {
  const asked = (uiLocalesOf(request) ?? uiLocales ?? '').slice(0, MAX_UI_LOCALES).split(' ');
  return [...asked, cookieOf(request, COOKIE) ?? '', request.headers['accept-language'] ?? ''].join(',');
}

/** The tags in `ui_locales` of a query, or in `uiLocales`; `undefined` where there are none. */
export function uiLocalesOf({ query }: Pick<FastifyRequest, 'query'>): string | undefined {
  const { ui_locales, uiLocales } = (query ?? {}) as Readonly<Record<string, unknown>>;
  const asked = [ui_locales, uiLocales].find((value) => typeof value === 'string') ?? '';
  const tags = asked.slice(0, MAX_UI_LOCALES).match(/(?<= |^)[A-Za-z]{2,8}(?:-[A-Za-z\d]{1,8})*(?= |$)/g);
  return tags?.join(' ');
}

/**
 * The language of a page: the first that the pages have; simplified Chinese where none is named.
 * @param languages in the form of Accept-Language (RFC 9110 section 12.5.4)
 */
export function pageLanguage(languages: string | undefined): PageLanguage {
  const preferred = acceptedLanguages(languages).find((tag) => /^(?:zh|en)(?![a-z])/.test(tag)) ?? 'zh';
  if (preferred.startsWith('en')) return 'en';
  return isTraditionalChinese(preferred) ? 'zh-Hant' : 'zh-CN';
}

/** Keeps the choice of a person who came by a link of the switch, for a year. */
export function rememberSwitch(request: FastifyRequest, reply: FastifyReply, isSecure: boolean): void {
  const { [SWITCHED]: switched } = request.query as Readonly<Record<string, unknown>>;
  const chosen = PAGE_LANGUAGES.find((language) => language === uiLocalesOf(request));
  if (switched === undefined || chosen === undefined) return;
  setCookie(reply, COOKIE, chosen, {
    path: '/',
    httpOnly: true,
    secure: isSecure,
    sameSite: 'lax',
    maxAge: YEAR,
  });
}
