import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FastifyReply } from 'fastify';

/** The files of a page, in memory. */
export interface Page {
  html: string;
  css: string;
  /** The inline script; empty if the page has none. */
  script: string;
  /** The path of the script if it is an ES module with its own route; else null. */
  module: string | null;
}

/** The values that a page is rendered with. */
export interface PageContent {
  /** Texts for `{{name}}`; they are escaped. */
  texts?: Readonly<Record<string, string>>;
  /** For the script, as JSON in `<script type="application/json" id="data">`. */
  data?: unknown;
  /** Whether pages of other sites may frame this one; WxLogin.js does (section 4.3). */
  frameable?: boolean;
  /** Whether the page frames others. */
  frames?: boolean;
  /** Whether the page has a form. Its reply may redirect anywhere. */
  forms?: boolean;
  /** URL of a stylesheet of the embedding site, loaded after the page's own. */
  stylesheet?: string;
}

/**
 * Reads the files of a page, once at the start, from the folder of the module that owns it (`import.meta.url`): src/
 * under Jest, else dist/, where the build copies them. `name.html` always; the styles `*.css`, by default
 * `name.css`; and as script either `name.client.js` (`script: true`) or a module that has its own route.
 */
export function loadPage(
  name: string,
  moduleUrl: string,
  options: { styles?: string[]; script?: boolean; module?: string } = {},
): Page {
  const read = (file: string) => readFileSync(new URL(file, moduleUrl), 'utf8');
  return {
    html: read(`./${name}.html`),
    css: (options.styles ?? [name]).map((style) => read(`./${style}.css`)).join('\n'),
    script: options.script ? read(`./${name}.client.js`) : '',
    module: options.module ?? null,
  };
}

/** Sends a page as HTML with status 200, under a Content-Security-Policy with a fresh nonce. */
export function sendPage(reply: FastifyReply, page: Page, content: PageContent = {}): FastifyReply {
  const nonce = randomBytes(16).toString('base64');
  const policy = [
    "default-src 'none'",
    // 'self' is for the long poll, which is a script on this origin (section 4.2).
    `script-src 'self' 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    ...(content.forms ? [] : ["form-action 'none'"]),
    ...(content.frames ? ['frame-src http: https:'] : []),
    ...(content.frameable ? [] : ["frame-ancestors 'none'"]),
  ];
  return reply
    .header('content-type', 'text/html; charset=utf-8')
    .header('content-security-policy', policy.join('; '))
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'no-referrer')
    .header('cache-control', 'no-store')
    .send(fill(page, content, nonce));
}

/** Escapes text for HTML, in elements and in quoted attributes. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

function fill(page: Page, { texts = {}, data = null, stylesheet }: PageContent, nonce: string): string {
  // `<` is escaped, so that no data can end the script element.
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  const script = page.module
    ? `<script type="module" nonce="${nonce}" src="${page.module}"></script>`
    : `<script nonce="${nonce}">${page.script}</script>`;
  const link = stylesheet
    ? `<link rel="stylesheet" nonce="${nonce}" href="${escapeHtml(stylesheet)}" />`
    : '';
  const parts: Record<string, string> = {
    style: `<style nonce="${nonce}">${page.css}</style>${link}`,
    script: `<script type="application/json" id="data">${json}</script>\n${script}`,
  };
  return page.html.replace(
    /\{\{(\w+)\}\}/g,
    (_slot, name: string) => parts[name] ?? escapeHtml(texts[name] ?? ''),
  );
}
