import type { AppConfig } from '../../config/app-config.js';
import { escapeHtml } from './html.js';

/** Whose login it is: BRAND_NAME and BRAND_LOGO_URL. */
export type Brand = AppConfig['brand'];

/** Name and logo, or the name's first letter where there is no logo. */
export function brandMark({ name, logoUrl }: Brand): string {
  const [initial = ''] = name;
  const mark =
    logoUrl === null
      ? `<span class="initial" aria-hidden="true">${escapeHtml(initial.toUpperCase())}</span>`
      : `<img class="logo" src="${escapeHtml(logoUrl)}" alt="" height="32">`;
  return `<p class="brand">${mark}<span>${escapeHtml(name)}</span></p>`;
}

/** Origins that the logo needs in a content policy. */
export function brandImages({ logoUrl }: Brand): string[] {
  return logoUrl === null ? [] : [new URL(logoUrl).origin];
}
