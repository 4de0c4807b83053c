import type { PageLanguage } from '../../pages/texts.js';
import type { PartnerTexts } from './partner-texts.js';
import { EN } from './texts.en.js';
import { ZH_CN } from './texts.zh-cn.js';

const TEXTS: Readonly<Record<PageLanguage, PartnerTexts>> = { 'zh-CN': ZH_CN, en: EN };

/** The texts of one language. */
export function partnerTexts(language: PageLanguage): PartnerTexts {
  return TEXTS[language];
}
