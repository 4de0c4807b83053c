import type { PageLanguage } from './language.js';
import { EN } from './texts.en.js';
import { ZH_CN } from './texts.zh-cn.js';
import { ZH_HANT } from './texts.zh-hant.js';

/** Texts that all pages share; a door adds its own. A test checks that all languages have the same keys. */
export const TEXTS = { 'zh-CN': ZH_CN, 'zh-Hant': ZH_HANT, en: EN } as const;

/** The shared texts of one language. */
export type PageTexts = (typeof TEXTS)[PageLanguage];

/** The text for an error code. */
export function errorText(language: PageLanguage, code: string): string {
  const errors: Readonly<Record<string, string>> = TEXTS[language].errors;
  return errors[code] ?? TEXTS[language].errors.OTHER;
}
