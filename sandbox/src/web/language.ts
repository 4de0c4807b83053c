/** The languages of the sandbox's own pages. */
export type Language = 'zh' | 'en';

/**
 * The language of a page: `lang=cn|zh|en` in the URL if given, else the first of Accept-Language that is
 * Chinese or English, else English. WeChat's own qrconnect page has `lang=cn|en` (section 4.1).
 */
export function languageOf(query: Readonly<Record<string, string>>, acceptLanguage = ''): Language {
  const wished = query.lang ?? '';
  if (/^(cn|zh)/i.test(wished)) return 'zh';
  if (/^en/i.test(wished)) return 'en';
  const first = acceptLanguage
    .split(',')
    .map((part) => part.trim().slice(0, 2).toLowerCase())
    .find((language) => language === 'zh' || language === 'en');
  return first === 'zh' ? 'zh' : 'en';
}
