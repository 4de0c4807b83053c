import type { FastifyReply } from 'fastify';
import { pageAsset } from '../../pages/assets.js';
import { escapeHtml } from '../../pages/html.js';
import type { FrameResult } from './page-data.js';
import { PageShell, type ShellConfig } from '../../pages/shell.js';
import { LOGIN_TEXTS } from './texts.js';

const RELAY = pageAsset('relay.js');
const RESULT = pageAsset('result.js');

/** The pages that the frame of WeChat's embedded QR page ends on. A person has nothing to do on them. */
export class FramePage {
  private readonly shell: PageShell;

  constructor(config: ShellConfig) {
    this.shell = new PageShell(config);
  }

  /**
   * Loads the same URL in the top window: there the browser sends the SameSite=Lax cookie that it holds back from a
   * frame which another site navigated. Browsers may allow that only after a click: for them the page has a link.
   * @param target `parentOrigin`: the website that may frame the page besides our own pages
   * @param uiLocales that the login was begun with
   */
  sendRelay(
    reply: FastifyReply,
    { parentOrigin }: { readonly parentOrigin: string },
    uiLocales: string | undefined,
  ): Promise<void> {
    // An empty href is the page's own URL with its query.
    return this.send(reply, RELAY, undefined, { origin: parentOrigin, onward: '' }, uiLocales);
  }

  /**
   * Ends a login in its frame: posts the result to the parent, which is the website's page or ours, then reports to
   * the service that the page was shown. Under any other parent the browser does not load the page (frame-ancestors).
   */
  sendResult(
    reply: FastifyReply,
    { targetOrigin, ...result }: FrameResult,
    uiLocales: string | undefined,
  ): Promise<void> {
    const data = { targetOrigin, ...result };
    return this.send(reply, RESULT, data, { origin: targetOrigin, onward: result.location }, uiLocales);
  }

  private async send(
    reply: FastifyReply,
    script: string,
    data: unknown,
    { origin, onward }: { readonly origin: string; readonly onward: string },
    uiLocales: string | undefined,
  ): Promise<void> {
    const language = this.shell.language(reply.request, uiLocales);
    const texts = LOGIN_TEXTS[language];
    await this.shell.send(reply, {
      status: 200,
      language,
      title: texts.title,
      isFrame: true,
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
