import { randomBytes } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { styleAsset } from './assets.js';
import { escapeHtml, scriptJson } from './html.js';
import type { PageLanguage } from './texts.js';

/** What a page is made of. `body` is HTML; everything foreign in it is escaped already. */
export interface Page {
  readonly status: number;
  readonly language: PageLanguage;
  readonly title: string;
  readonly body: string;
  /** More style than that of all pages. */
  readonly style?: string;
  readonly script?: string;
  /** What the script reads as JSON from the element `page-data`. */
  readonly data?: unknown;
  /** More than its own origin, each an origin. */
  readonly allowed?: {
    readonly images?: readonly string[];
    readonly frames?: readonly string[];
    /** Who may show the page in a frame; nobody where absent. */
    readonly ancestors?: readonly string[];
  };
}

const STYLE = styleAsset('page.css');
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="#07a352"/></svg>',
)}`;

/**
 * What a page may do (CSP): its own style and script by nonce, its own origin, and what `allowed` names; nothing else.
 * What follows a link or a redirect is not limited: a login leaves for WeChat and for returnTo.
 */
export function contentPolicy(nonce: string, allowed: Page['allowed'] = {}): string {
  const { images = [], frames = [], ancestors = [] } = allowed;
  return [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    ["img-src 'self' data:", ...images].join(' '),
    ...(frames.length > 0 ? [["frame-src 'self'", ...frames].join(' ')] : []),
    "connect-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    ['frame-ancestors', ...(ancestors.length > 0 ? ancestors : ["'none'"])].join(' '),
  ].join('; ');
}

/** Sends a page, never cached, with the policy above. */
export async function sendPage(reply: FastifyReply, page: Page): Promise<void> {
  const nonce = randomBytes(16).toString('base64');
  // Helmet allows frames of this origin; browsers that know frame-ancestors do not look here.
  if (page.allowed?.ancestors) void reply.removeHeader('X-Frame-Options');
  else void reply.header('X-Frame-Options', 'DENY');
  const data =
    page.data === undefined
      ? ''
      : `<script type="application/json" id="page-data">${scriptJson(page.data)}</script>\n`;
  const script =
    page.script === undefined ? '' : `<script type="module" nonce="${nonce}">${page.script}</script>\n`;
  await reply
    .status(page.status)
    .header('Content-Security-Policy', contentPolicy(nonce, page.allowed))
    .header('Cache-Control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(
      `<!doctype html>
<html lang="${page.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<link rel="icon" href="${ICON}">
<title>${escapeHtml(page.title)}</title>
<style nonce="${nonce}">${STYLE}${page.style ?? ''}</style>
</head>
<body>
${page.body}
${data}${script}</body>
</html>`,
    );
}
