import { acceptedLanguages, isTraditionalChinese } from '../http/accept-language.js';

/** The languages of sns/userinfo (wechat-api.md section 4.7). */
export type WeChatLanguage = 'zh_CN' | 'zh_TW' | 'en';

/**
 * Chooses WeChat's language by the Accept-Language header: Chinese in the requested script, or English,
 * whichever is preferred. English if only other languages are named; zh_CN if none is.
 */
export function weChatLanguage(acceptLanguage: string | undefined): WeChatLanguage {
  const languages = acceptedLanguages(acceptLanguage);
  const spoken = languages.find((tag) => /^(?:zh|en)(?![a-z])/.test(tag)) ?? languages[0];
  if (spoken === undefined) return 'zh_CN';
  if (!/^zh(?![a-z])/.test(spoken)) return 'en';
  return isTraditionalChinese(spoken) ? 'zh_TW' : 'zh_CN';
}
