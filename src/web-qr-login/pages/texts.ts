import { acceptedLanguages } from '../../http/accept-language.js';
import { EN } from './texts.en.js';
import { ZH_CN } from './texts.zh-cn.js';

/** Languages of the pages. */
export type PageLanguage = 'zh-CN' | 'en';

/** Every text of the pages. Both languages have the same ones; a test compares them. */
export const TEXTS = { 'zh-CN': ZH_CN, en: EN } as const;

/** The texts of one language. */
export type PageTexts = (typeof TEXTS)[PageLanguage];

/** Chinese unless the browser prefers English to it (RFC 9110 section 12.5.4): this is a WeChat login. */
export function pageLanguage(acceptLanguage: string | undefined): PageLanguage {
  const preferred = acceptedLanguages(acceptLanguage).find((tag) => /^(?:zh|en)(?![a-z])/.test(tag));
  return preferred?.startsWith('en') ? 'en' : 'zh-CN';
}

/** What a person is told about an error code. */
export function errorText(language: PageLanguage, code: string): string {
  const errors: Readonly<Record<string, string>> = TEXTS[language].errors;
  return errors[code] ?? TEXTS[language].errors.OTHER;
}
