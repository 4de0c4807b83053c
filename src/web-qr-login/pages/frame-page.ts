import type { FastifyReply } from 'fastify';
import { scriptAsset } from './assets.js';
import { escapeHtml } from './html.js';
import { sendPage } from './page.js';
import { pageLanguage, TEXTS } from './texts.js';

const RELAY = scriptAsset(['relay.client.js']);
const RESULT = scriptAsset(['result.client.js']);

/** What a login in a frame tells the website around it: `loginCode`, `linked` or `error`. */
export interface FrameMessage {
  readonly type: 'wechat-auth:login';
  /** Id of the attempt; `null` for a login without one. */
  readonly attempt: string | null;
  readonly [answer: string]: string | null;
}

/** How a login in a frame ended. */
export interface FrameResult {
  /** returnTo with its answer: for no frame at all, and for no scripts. */
  readonly location: string;
  /** Origin of returnTo: the only foreign one that may frame the page, and the only one that hears the message. */
  readonly targetOrigin: string;
  readonly message: FrameMessage;
  /** With which the page says that it was shown; `null` where nothing waits for that. */
  readonly report: string | null;
}

/** What WeChat's embedded QR page is sent to in its frame: two pages without anything to do for a person. */
export class FramePage {
  constructor(private readonly brandName: string) {}

  /**
   * Calls the same address again at the top: there the browser sends the cookie that it keeps from a frame which
   * another site navigated (SameSite=Lax).
   * @param around `parentOrigin`: the website that may frame the page besides our own pages. A browser may want a
   *   person's click before a frame moves another site's window: then there is a link
   */
  sendRelay(
    reply: FastifyReply,
    { parentOrigin }: { readonly parentOrigin: string },
    acceptLanguage: string | undefined,
  ): Promise<void> {
    // An empty address is the page's own, with its query.
    return this.send(reply, RELAY, undefined, { origin: parentOrigin, onward: '' }, acceptLanguage);
  }

  /**
   * Finishes a login in its frame: tells the page around it, the website's or our own, and no other; then tells the
   * service that it was shown. Where a foreign page is around it, the browser runs none of it.
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
    const texts = TEXTS[language];
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
