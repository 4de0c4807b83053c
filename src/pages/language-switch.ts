import type { FastifyRequest } from 'fastify';
import { escapeHtml } from './html.js';
import { PAGE_LANGUAGES, type PageLanguage, SWITCHED } from './language.js';
import { TEXTS } from './texts.js';

/** Parameters that the links leave out: an answer works once, and the choice replaces what the URL asked for. */
const DROPPED = ['loginCode', 'ui_locales', 'uiLocales', SWITCHED];

/**
 * Links to the same page in each language, which work without scripts. They keep the query, so that a login that has
 * begun goes on. There are none on the answer to a form, whose URL cannot be opened by a link.
 */
export function languageSwitch({ method, url }: FastifyRequest, current: PageLanguage): string {
  if (method !== 'GET' && method !== 'HEAD') return '';
  const query = new URLSearchParams(/\?([^#]*)/.exec(url)?.[1]);
  for (const name of DROPPED) query.delete(name);
  query.set(SWITCHED, '1');
  const links = PAGE_LANGUAGES.map((language) => {
    const { languageName } = TEXTS[language];
    if (language === current) return `<span lang="${language}" aria-current="true">${languageName}</span>`;
    query.set('ui_locales', language);
    // Relative to the page's own URL: PUBLIC_URL may have a path that a proxy removes.
    const href = escapeHtml(`?${query.toString()}`);
    return `<a lang="${language}" hreflang="${language}" href="${href}">${languageName}</a>`;
  });
  return `<nav class="languages" aria-label="${TEXTS[current].languages}">${links.join('')}</nav>`;
}
