import { ApiHeader } from '@nestjs/swagger';

/** The header in the API's description. @param decides what it decides on this route */
export const ApiAcceptLanguage = (decides: string): MethodDecorator =>
  ApiHeader({ name: 'Accept-Language', required: false, description: decides });

/**
 * The languages that a client asks for (RFC 9110 section 12.5.4), in lower case, most wanted first. A header that
 * nobody could mean gives none. Linear in the header, which the HTTP server bounds.
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
