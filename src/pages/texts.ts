import { acceptedLanguages } from '../http/accept-language.js';
import { EN } from './texts.en.js';
import { ZH_CN } from './texts.zh-cn.js';

/** Languages of the pages. */
export type PageLanguage = 'zh-CN' | 'en';

/** Texts that all pages share; a door adds its own. A test checks that both languages have the same keys. */
export const TEXTS = { 'zh-CN': ZH_CN, en: EN } as const;

/** The shared texts of one language. */
export type PageTexts = (typeof TEXTS)[PageLanguage];

/** The language of a page: Chinese, unless Accept-Language prefers English (RFC 9110 section 12.5.4). */
export function pageLanguage(acceptLanguage: string | undefined): PageLanguage {
  const preferred = acceptedLanguages(acceptLanguage).find((tag) => /^(?:zh|en)(?![a-z])/.test(tag));
  return preferred?.startsWith('en') ? 'en' : 'zh-CN';
}

/** The text for an error code. */
export function errorText(language: PageLanguage, code: string): string {
  const errors: Readonly<Record<string, string>> = TEXTS[language].errors;
  return errors[code] ?? TEXTS[language].errors.OTHER;
}
