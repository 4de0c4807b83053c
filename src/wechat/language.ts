import { acceptedLanguages } from '../http/accept-language.js';

/** The languages that WeChat takes at sns/userinfo (wechat-api.md section 4.7). */
export type WeChatLanguage = 'zh_CN' | 'zh_TW' | 'en';

/** Subtags of who writes traditional characters. */
const TRADITIONAL: ReadonlySet<string> = new Set(['hant', 'tw', 'hk', 'mo']);

/**
 * WeChat's language for a browser: Chinese in the characters that it asks for, or English, whichever it prefers.
 * English where it names other languages only; zh_CN where it names none.
 */
export function weChatLanguage(acceptLanguage: string | undefined): WeChatLanguage {
  const languages = acceptedLanguages(acceptLanguage);
  const spoken = languages.find((tag) => /^(?:zh|en)(?![a-z])/.test(tag)) ?? languages[0];
  if (spoken === undefined) return 'zh_CN';
  const [language, ...subtags] = spoken.split(/[-_]/);
  if (language !== 'zh') return 'en';
  // The script decides before the region: zh-Hans-HK is simplified.
  if (subtags.includes('hans')) return 'zh_CN';
  return subtags.some((each) => TRADITIONAL.has(each)) ? 'zh_TW' : 'zh_CN';
}
