import { type PageLanguage, TEXTS } from '../../pages/texts.js';
import { EN } from './texts.en.js';
import { ZH_CN } from './texts.zh-cn.js';

/** All texts of the login page: its own and those that all pages share. */
export const LOGIN_TEXTS = { 'zh-CN': { ...TEXTS['zh-CN'], ...ZH_CN }, en: { ...TEXTS.en, ...EN } } as const;

/** The texts of one language. */
export type LoginTexts = (typeof LOGIN_TEXTS)[PageLanguage];
