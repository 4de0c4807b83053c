import type { PageLanguage } from '../../pages/language.js';
import { TEXTS } from '../../pages/texts.js';
import { EN } from './texts.en.js';
import { ZH_CN } from './texts.zh-cn.js';
import { ZH_HANT } from './texts.zh-hant.js';

/** All texts of the login page: its own and those that all pages share. */
export const LOGIN_TEXTS = {
  'zh-CN': { ...TEXTS['zh-CN'], ...ZH_CN },
  'zh-Hant': { ...TEXTS['zh-Hant'], ...ZH_HANT },
  en: { ...TEXTS.en, ...EN },
} as const;

/** The texts of one language. */
export type LoginTexts = (typeof LOGIN_TEXTS)[PageLanguage];
