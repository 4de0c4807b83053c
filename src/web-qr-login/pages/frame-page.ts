import type { FastifyReply } from 'fastify';
import { pageAsset } from '../../pages/assets.js';
import { escapeHtml } from '../../pages/html.js';
import type { FrameResult } from './page-data.js';
import { sendPage } from '../../pages/page.js';
import { pageLanguage } from '../../pages/texts.js';
import { LOGIN_TEXTS } from './texts.js';

const RELAY = pageAsset('relay.js');
const RESULT = pageAsset('result.js');

/** The pages that the frame of WeChat's embedded QR page ends on. A person has nothing to do on them. */
export class FramePage {
  constructor(private readonly brandName: string) {}

  /**
   * Loads the same URL in the top window: there the browser sends the SameSite=Lax cookie that it holds back from a
   * frame which another site navigated. Browsers may allow that only after a click: for them the page has a link.
   * @param target `parentOrigin`: the website that may frame the page besides our own pages
   */
  sendRelay(
    reply: FastifyReply,
    { parentOrigin }: { readonly parentOrigin: string },
    acceptLanguage: string | undefined,
  ): Promise<void> {
    // An empty href is the page's own URL with its query.
    return this.send(reply, RELAY, undefined, { origin: parentOrigin, onward: '' }, acceptLanguage);
  }

  /**
   * Ends a login in its frame: posts the result to the parent, which is the website's page or ours, then reports to
   * the service that the page was shown. Under any other parent the browser does not load the page (frame-ancestors).
   */
  sendResult(
    reply: FastifyReply,
    { targetOrigin, ...result }: FrameResult,
    acceptLanguage: string | undefined,
  ): Promise<void> {
    const data = { targetOrigin, ...result };
    return this.send(reply, RESULT, data, { origin: targetOrigin, onward: result.location }, acceptLanguage);
  }

  private async send(
    reply: FastifyReply,
    script: string,
    data: unknown,
    { origin, onward }: { readonly origin: string; readonly onward: string },
    acceptLanguage: string | undefined,
  ): Promise<void> {
    const language = pageLanguage(acceptLanguage);
    const texts = LOGIN_TEXTS[language];
    await sendPage(reply, {
      status: 200,
      language,
      title: `${texts.title} · ${this.brandName}`,
      allowed: { ancestors: ["'self'", origin] },
      script,
      data,
      body: `<main class="frame">
<span class="spinner" aria-hidden="true"></span>
<p role="status">${texts.working}</p>
<p id="onward" hidden><a href="${escapeHtml(onward)}" target="_top">${texts.continue}</a></p>
<noscript><a href="${escapeHtml(onward)}" target="_top">${texts.continue}</a></noscript>
</main>`,
    });
  }
}
