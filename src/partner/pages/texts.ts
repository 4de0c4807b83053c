import type { PageLanguage } from '../../pages/language.js';
import type { PartnerTexts } from './partner-texts.js';
import { EN } from './texts.en.js';
import { ZH_CN } from './texts.zh-cn.js';
import { ZH_HANT } from './texts.zh-hant.js';

const TEXTS: Readonly<Record<PageLanguage, PartnerTexts>> = { 'zh-CN': ZH_CN, 'zh-Hant': ZH_HANT, en: EN };

/** The texts of one language. */
export function partnerTexts(language: PageLanguage): PartnerTexts {
  return TEXTS[language];
}
