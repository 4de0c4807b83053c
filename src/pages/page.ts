import { randomBytes } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { escapeHtml, scriptJson } from './html.js';
import type { PageLanguage } from './language.js';

/** The parts of a document. `body` is HTML in which all foreign text is escaped. */
export interface Page {
  readonly status: number;
  readonly language: PageLanguage;
  readonly title: string;
  readonly body: string;
  /** URL of the icon. */
  readonly icon: string;
  readonly style: string;
  readonly script?: string;
  /** Data for the script, as JSON in the element `page-data`. */
  readonly data?: unknown;
  /** Origins allowed besides the page's own. */
  readonly allowed?: {
    readonly images?: readonly string[];
    readonly frames?: readonly string[];
    /** Origins that may frame the page; none where absent. */
    readonly ancestors?: readonly string[];
    /** Where forms may be sent, redirects of the answer included (Chrome checks them too); nowhere where absent. */
    readonly formActions?: readonly string[];
  };
}

/**
 * Content-Security-Policy of a page: style and script by nonce, requests to its own origin, and what `allowed` names.
 * Navigation is not restricted: a login navigates to WeChat and to returnTo.
 */
export function contentPolicy(nonce: string, allowed: Page['allowed'] = {}): string {
  const { images = [], frames = [], ancestors = [], formActions = [] } = allowed;
  return [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    ["img-src 'self' data:", ...images].join(' '),
    ...(frames.length > 0 ? [["frame-src 'self'", ...frames].join(' ')] : []),
    "connect-src 'self'",
    ['form-action', ...(formActions.length > 0 ? formActions : ["'none'"])].join(' '),
    "base-uri 'none'",
    ['frame-ancestors', ...(ancestors.length > 0 ? ancestors : ["'none'"])].join(' '),
  ].join('; ');
}

/** Sends a document with its Content-Security-Policy and `Cache-Control: no-store`. */
export async function sendPage(reply: FastifyReply, page: Page): Promise<void> {
  const nonce = randomBytes(16).toString('base64');
  // For browsers without frame-ancestors, which this header cannot tell who may frame the page.
  if (!page.allowed?.ancestors) void reply.header('X-Frame-Options', 'DENY');
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
<link rel="icon" href="${escapeHtml(page.icon)}">
<title>${escapeHtml(page.title)}</title>
<style nonce="${nonce}">${page.style}</style>
</head>
<body>
${page.body}
${data}${script}</body>
</html>`,
    );
}
