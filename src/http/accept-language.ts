import { ApiHeader } from '@nestjs/swagger';

/** Documents the header in OpenAPI. @param decides what the header affects on this route */
export const ApiAcceptLanguage = (decides: string): MethodDecorator =>
  ApiHeader({ name: 'Accept-Language', required: false, description: decides });

/**
 * The languages of the header (RFC 9110 section 12.5.4) in lower case, by preference. Invalid entries are
 * skipped. Linear time; the HTTP server limits the header's length.
 */
export function acceptedLanguages(header: string | undefined): string[] {
  return (header ?? '')
    .split(',')
    .map((range) => {
      const [tag, ...parameters] = range.trim().toLowerCase().split(';');
      const q = /^q=([\d.]+)$/.exec(parameters.join(';').trim())?.[1];
      return { tag: tag?.trim() ?? '', q: q === undefined ? 1 : Number(q) };
    })
    .filter(({ tag, q }) => q > 0 && /^[a-z]{2,8}(?:[-_][a-z\d]{1,8})*$/.test(tag))
    .sort((a, b) => b.q - a.q)
    .map(({ tag }) => tag);
}

/** Subtags that mean traditional Chinese characters. */
const TRADITIONAL: ReadonlySet<string> = new Set(['hant', 'tw', 'hk', 'mo']);

/** Whether a tag of `acceptedLanguages` means Chinese in traditional characters. */
export function isTraditionalChinese(tag: string): boolean {
  const [language, ...subtags] = tag.split(/[-_]/);
  // The script takes precedence over the region: zh-Hans-HK is simplified.
  if (language !== 'zh' || subtags.includes('hans')) return false;
  return subtags.some((each) => TRADITIONAL.has(each));
}
