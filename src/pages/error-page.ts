import type { FastifyReply } from 'fastify';
import type { AppError } from '../common/app-error.js';
import type { ErrorCode } from '../common/error-catalogue.js';
import { brandMark } from './brand.js';
import { escapeHtml } from './html.js';
import { ICONS } from './icons.js';
import { PageShell, type ShellConfig } from './shell.js';
import { errorText, type PageTexts, TEXTS } from './texts.js';

/** Errors after which a new login may succeed. */
const NEW_LOGIN_HELPS: ReadonlySet<ErrorCode> = new Set([
  'STATE_INVALID',
  'LOGIN_CODE_INVALID',
  'ATTEMPT_UNKNOWN',
]);

/** The page for an error where there is no safe URL to return to. */
export class ErrorPage {
  private readonly shell: PageShell;

  constructor(private readonly config: ShellConfig) {
    this.shell = new PageShell(config);
  }

  async send(reply: FastifyReply, error: AppError): Promise<void> {
    const language = this.shell.language(reply.request);
    const texts = TEXTS[language];
    if (error.retryAfter !== undefined) void reply.header('Retry-After', String(error.retryAfter));
    await this.shell.send(reply, {
      status: error.status,
      language,
      title: texts.failed,
      body: `<main class="card">
${brandMark(this.config.brand)}
<div class="mark mark-problem">${ICONS.problem}</div>
<h1>${texts.failed}</h1>
<p class="lead">${escapeHtml(errorText(language, error.code))}</p>
<dl>
<div><dt>${texts.code}</dt><dd><code>${error.code}</code></dd></div>
<div><dt>${texts.request}</dt><dd><code>${escapeHtml(reply.request.id)}</code></dd></div>
</dl>
${this.button(error, texts)}</main>`,
    });
  }

  /** A button for a new login, or for the same request where it may succeed later; none where neither helps. */
  private button({ code, retryAfter }: AppError, texts: PageTexts): string {
    if (NEW_LOGIN_HELPS.has(code)) {
      return `<a class="button" href="${escapeHtml(`${this.config.publicUrl}/login`)}">${texts.retry}</a>\n`;
    }
    // An empty href is the page's own URL with its query.
    return retryAfter === undefined ? '' : `<a class="button" href="">${texts.again}</a>\n`;
  }
}
