import type { AppConfig } from '../config/app-config.js';
import { escapeHtml } from './html.js';
import type { PageTexts } from './texts.js';

/** The sentence that a login accepts TERMS_URL and PRIVACY_URL, with links to them; empty where neither is set. */
export function termsSentence({ termsUrl, privacyUrl }: AppConfig['terms'], texts: PageTexts): string {
  const links = [
    [termsUrl, texts.terms],
    [privacyUrl, texts.privacy],
  ].flatMap(([url, name]) =>
    // In a tab of its own: the login goes on in this one.
    url ? [`<a href="${escapeHtml(url)}" target="_blank" rel="noopener">${name}</a>`] : [],
  );
  if (links.length === 0) return '';
  return `<p class="terms">${texts.accepts.replace('{documents}', () => links.join(texts.and))}</p>`;
}
