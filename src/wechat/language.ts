import { acceptedLanguages } from '../http/accept-language.js';

/** The languages of sns/userinfo (wechat-api.md section 4.7). */
export type WeChatLanguage = 'zh_CN' | 'zh_TW' | 'en';

/** Language subtags that mean traditional Chinese characters. */
const TRADITIONAL: ReadonlySet<string> = new Set(['hant', 'tw', 'hk', 'mo']);

/**
 * Chooses WeChat's language by the Accept-Language header: Chinese in the requested script, or English,
 * whichever is preferred. English if only other languages are named; zh_CN if none is.
 */
export function weChatLanguage(acceptLanguage: string | undefined): WeChatLanguage {
  const languages = acceptedLanguages(acceptLanguage);
  const spoken = languages.find((tag) => /^(?:zh|en)(?![a-z])/.test(tag)) ?? languages[0];
  if (spoken === undefined) return 'zh_CN';
  const [language, ...subtags] = spoken.split(/[-_]/);
  if (language !== 'zh') return 'en';
  // The script takes precedence over the region: zh-Hans-HK is simplified.
  if (subtags.includes('hans')) return 'zh_CN';
  return subtags.some((each) => TRADITIONAL.has(each)) ? 'zh_TW' : 'zh_CN';
}
