import type { AppConfig } from '../config/app-config.js';
import { escapeHtml } from './html.js';

/** BRAND_NAME and BRAND_LOGO_URL. */
export type Brand = AppConfig['brand'];

/** Name and logo as HTML; the first letter of the name where there is no logo. */
export function brandMark({ name, logoUrl }: Brand): string {
  const [initial = ''] = name;
  const mark =
    logoUrl === null
      ? `<span class="initial" aria-hidden="true">${escapeHtml(initial.toUpperCase())}</span>`
      : `<img class="logo" src="${escapeHtml(logoUrl)}" alt="" height="32">`;
  return `<p class="brand">${mark}<span>${escapeHtml(name)}</span></p>`;
}

/** Origin of the logo, for `img-src` of the Content-Security-Policy. */
export function brandImages({ logoUrl }: Brand): string[] {
  return logoUrl === null ? [] : [new URL(logoUrl).origin];
}
