import type { FastifyReply } from 'fastify';
import type { AppError } from '../../common/app-error.js';
import { type Brand, brandImages, brandMark } from './brand.js';
import { escapeHtml } from './html.js';
import { ICONS } from './icons.js';
import { sendPage } from './page.js';
import { errorText, pageLanguage, TEXTS } from './texts.js';

/** What a person sees when there is nothing safe to return to. */
export class ErrorPage {
  constructor(private readonly brand: Brand) {}

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
</main>`,
    });
  }
}
