import type { AppConfig } from '../config/app-config.js';
import { escapeHtml } from './html.js';
import { onBrand } from './palette.js';

/** BRAND_NAME, BRAND_LOGO_URL and BRAND_COLOR. */
export type Brand = AppConfig['brand'];

/** Name and logo as HTML; the first letter of the name where there is no logo. */
export function brandMark({ name, logoUrl }: Brand): string {
  const mark =
    logoUrl === null
      ? `<span class="initial" aria-hidden="true">${escapeHtml(initialOf(name))}</span>`
      : `<img class="logo" src="${escapeHtml(logoUrl)}" alt="" height="32">`;
  return `<p class="brand">${mark}<span>${escapeHtml(name)}</span></p>`;
}

/** Origin of the logo, for `img-src` of the Content-Security-Policy. */
export function brandImages({ logoUrl }: Brand): string[] {
  return logoUrl === null ? [] : [new URL(logoUrl).origin];
}

/** URL of the icon of the page: the logo, else the first letter of the name on BRAND_COLOR. */
export function brandIcon({ name, logoUrl, color }: Brand): string {
  if (logoUrl !== null) return logoUrl;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="${color}"/><text x="16" y="22.5" text-anchor="middle" font-family="system-ui,sans-serif" font-size="18" font-weight="700" fill="${onBrand(color)}">${escapeHtml(initialOf(name))}</text></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

function initialOf(name: string): string {
  const [initial = ''] = name;
  return initial.toUpperCase();
}
