import { randomBytes } from 'node:crypto';
import { escapeHtml } from '../web/page.js';

/** What the script of a page inside the virtual WeChat knows; see page.client.js. */
export interface PageFacts {
  /** For navigator.userAgent: the browser's own would not name a phone. */
  userAgent: string;
  /** The URLs of the service that are opened inside. */
  bases: string[];
  /** Origin of the phone, which learns title and address of the page. */
  phone: string;
}

/** Path of the script. */
export const PAGE_SCRIPT = '/phone/web/page.client.js';

/** A nonce of the Content-Security-Policy. */
export function newNonce(): string {
  return randomBytes(16).toString('base64');
}

/** The bytes of an HTML page with the script at the beginning of its head. */
export function addScript(page: Buffer, nonce: string, facts: PageFacts): Buffer {
  // latin1 maps each byte to one character: the page's encoding does not matter.
  const html = page.toString('latin1');
  const json = JSON.stringify(facts).replace(/[\u007f-\uffff]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  const script = `<script nonce="${nonce}" src="${PAGE_SCRIPT}" data-facts="${escapeHtml(json)}"></script>`;
  const head =
    /<head(\s[^>]*)?>/i.exec(html) ?? /<html(\s[^>]*)?>/i.exec(html) ?? /^\s*<!doctype[^>]*>/i.exec(html);
  const at = head ? head.index + head[0].length : 0;
  return Buffer.from(html.slice(0, at) + script + html.slice(at), 'latin1');
}
