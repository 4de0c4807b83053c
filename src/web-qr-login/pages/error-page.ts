import type { FastifyReply } from 'fastify';
import type { AppError } from '../../common/app-error.js';
import type { ErrorCode } from '../../common/error-catalogue.js';
import { type Brand, brandImages, brandMark } from './brand.js';
import { escapeHtml } from './html.js';
import { ICONS } from './icons.js';
import { sendPage } from './page.js';
import { errorText, pageLanguage, type PageTexts, TEXTS } from './texts.js';

/** The login is over, and a new one may go well. */
const BEGIN_ANEW: ReadonlySet<ErrorCode> = new Set([
  'STATE_INVALID',
  'LOGIN_CODE_INVALID',
  'ATTEMPT_UNKNOWN',
]);

/** What a person sees when there is nothing safe to return to. */
export class ErrorPage {
  /** @param loginUrl the hosted login page */
  constructor(
    private readonly brand: Brand,
    private readonly loginUrl: string,
  ) {}

  async send(
    reply: FastifyReply,
    error: AppError,
    requestId: string,
    acceptLanguage: string | undefined,
  ): Promise<void> {
    const language = pageLanguage(acceptLanguage);
    const texts = TEXTS[language];
    if (error.retryAfter !== undefined) void reply.header('Retry-After', String(error.retryAfter));
    await sendPage(reply, {
      status: error.status,
      language,
      title: `${texts.failed} · ${this.brand.name}`,
      allowed: { images: brandImages(this.brand) },
      body: `<main class="card">
${brandMark(this.brand)}
<div class="mark mark-problem">${ICONS.problem}</div>
<h1>${texts.failed}</h1>
<p class="lead">${escapeHtml(errorText(language, error.code))}</p>
<dl>
<div><dt>${texts.code}</dt><dd><code>${error.code}</code></dd></div>
<div><dt>${texts.request}</dt><dd><code>${escapeHtml(requestId)}</code></dd></div>
</dl>
${this.wayOn(error, texts)}</main>`,
    });
  }

  /** A new login, or the same request once more where it may go well later; nothing where neither helps. */
  private wayOn({ code, retryAfter }: AppError, texts: PageTexts): string {
    if (BEGIN_ANEW.has(code)) {
      return `<a class="button" href="${escapeHtml(this.loginUrl)}">${texts.retry}</a>\n`;
    }
    // An empty address is the page's own, with its query.
    return retryAfter === undefined ? '' : `<a class="button" href="">${texts.live.again.failed}</a>\n`;
  }
}
