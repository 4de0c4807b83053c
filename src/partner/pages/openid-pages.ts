import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorOut, KoaContextWithOIDC } from 'oidc-provider';
import { AppConfig } from '../../config/app-config.js';
import { brandMark } from '../../pages/brand.js';
import { escapeHtml } from '../../pages/html.js';
import { ICONS } from '../../pages/icons.js';
import type { PageLanguage } from '../../pages/language.js';
import { PageShell } from '../../pages/shell.js';
import { TEXTS } from '../../pages/texts.js';
import { refusalOf } from './refusal.js';
import { partnerTexts } from './texts.js';

/** A page in place of what the library wrote. */
type Send = (request: FastifyRequest, reply: FastifyReply, status: number) => Promise<void>;

/** What is in a page, below the brand. */
interface Written {
  readonly title: string;
  /** Where its form may lead; nowhere where absent. */
  readonly formActions?: readonly string[];
  /** Lines of HTML. */
  readonly content: readonly string[];
}

/**
 * The pages of oidc-provider in the style of the hosted pages. The library asks for a page while it answers a request;
 * it is sent afterwards, with the header fields and cookies of the library.
 */
@Injectable()
export class OpenIdPages {
  private readonly shell: PageShell;
  private readonly asked = new WeakMap<object, Send>();

  constructor(private readonly config: AppConfig) {
    this.shell = new PageShell(config);
  }

  /** The page that was asked for while a request was answered; `null` for none. */
  take(incoming: object): Send | null {
    return this.asked.get(incoming) ?? null;
  }

  /** Asks whether to log out here, too (OpenID Connect RP-Initiated Logout 1.0 section 2). */
  logout(context: KoaContextWithOIDC, form: string): void {
    const postLogout = context.oidc.session?.state?.postLogoutRedirectUri;
    this.ask(context, (language) => this.logoutQuestion(language, form, postLogout));
  }

  /** The same question in place of a form by which the library would log out at once; `null` if it wrote none. */
  askingLogout(written: string | Buffer, request: FastifyRequest): Send | null {
    const form = String(written);
    if (!form.includes('name="xsrf"')) return null;
    // The library redirects there only if it is registered.
    const { post_logout_redirect_uri: postLogout } = request.query as Readonly<Record<string, unknown>>;
    return (_request, reply, status) => {
      const language = this.shell.language(request);
      return this.send(reply, status, language, this.logoutQuestion(language, form, postLogout));
    };
  }

  /** @param form of the library, of which only the secret is not ours */
  private logoutQuestion(language: PageLanguage, form: string, postLogout: unknown): Written {
    const [, secret = ''] = /name="xsrf" value="([0-9a-f]+)"/.exec(form) ?? [];
    const returns =
      typeof postLogout === 'string' && URL.canParse(postLogout) ? [formAction(postLogout)] : [];
    const { logout: texts } = partnerTexts(language);
    return {
      title: texts.title,
      formActions: ["'self'", ...returns],
      content: [
        `<div class="mark">${ICONS.lock}</div>`,
        `<h1>${texts.asks}</h1>`,
        `<p class="lead">${texts.lead}</p>`,
        `<form method="post" action="${escapeHtml(`${this.config.publicUrl}/oidc/logout/confirm`)}">`,
        `<input type="hidden" name="xsrf" value="${secret}">`,
        `<button class="button" name="logout" value="yes">${texts.logout}</button>`,
        `<button class="button quiet">${texts.stay}</button>`,
        '</form>',
      ],
    };
  }

  /** Says that the person is logged out. */
  loggedOut(context: KoaContextWithOIDC): void {
    this.ask(context, (language) => {
      const { logout: texts } = partnerTexts(language);
      return {
        title: texts.title,
        content: [
          `<div class="mark">${ICONS.done}</div>`,
          `<h1>${texts.done}</h1>`,
          `<p class="lead">${texts.doneLead}</p>`,
        ],
      };
    });
  }

  /** An error that must not be sent to a redirect URI (RFC 6749 section 4.1.2.1). */
  error(context: KoaContextWithOIDC, { error: code, error_description: description }: ErrorOut): void {
    const { refused, refusal, isToTell } = refusalOf(context.oidc.route, code);
    this.ask(context, (language, requestId) => {
      const { refused: texts } = partnerTexts(language);
      const shared = TEXTS[language];
      const title = texts.titles[refused];
      return {
        title,
        content: [
          `<div class="mark mark-problem">${ICONS.problem}</div>`,
          `<h1>${title}</h1>`,
          `<p class="lead">${texts.because[refusal]}</p>`,
          ...(isToTell ? [`<p class="lead">${texts.tell}</p>`] : []),
          '<dl>',
          `<div><dt>${shared.code}</dt><dd><code>${escapeHtml(code)}</code></dd></div>`,
          // The library's, for developers: in English on every page.
          ...(description === undefined
            ? []
            : [`<div><dt>${texts.description}</dt><dd lang="en">${escapeHtml(description)}</dd></div>`]),
          `<div><dt>${shared.request}</dt><dd><code>${escapeHtml(requestId)}</code></dd></div>`,
          '</dl>',
        ],
      };
    });
  }

  /**
   * Sends the answer of an authorization request to the partner by a form (OAuth 2.0 Form Post Response Mode).
   * @param written what the library wrote; its script is not one that the Content-Security-Policy allows
   * @returns `null` if that is no such form
   */
  returning(written: string | Buffer): Send | null {
    const html = String(written);
    const [, action] = /<form method="post" action="([^"]+)">/.exec(html) ?? [];
    // Both are escaped by the library.
    const fields = html.match(/<input type="hidden" name="[^"]*" value="[^"]*"\/>/g);
    if (action === undefined || fields === null) return null;
    return async (request, reply, status) => {
      const language = this.shell.language(request);
      const { returning: texts } = partnerTexts(language);
      await this.shell.send(reply, {
        status,
        language,
        title: texts.title,
        allowed: { formActions: [formAction(action.replaceAll('&amp;', '&'))] },
        script: 'document.forms[0].submit()',
        body: [
          `<main class="card">${brandMark(this.config.brand)}`,
          `<h1>${texts.title}</h1>`,
          `<form method="post" action="${action}">${fields.join('')}`,
          `<button class="button">${texts.button}</button></form></main>`,
        ].join('\n'),
      });
    };
  }

  private ask(
    context: KoaContextWithOIDC,
    write: (language: PageLanguage, requestId: string) => Written,
  ): void {
    this.asked.set(context.req, (request, reply, status) => {
      const { ui_locales: asked } = context.oidc.params ?? {};
      const language = this.shell.language(request, typeof asked === 'string' ? asked : undefined);
      return this.send(reply, status, language, write(language, request.id));
    });
    context.body = '';
  }

  private send(
    reply: FastifyReply,
    status: number,
    language: PageLanguage,
    { title, formActions = [], content }: Written,
  ): Promise<void> {
    return this.shell.send(reply, {
      status,
      language,
      title,
      allowed: { formActions },
      body: `<main class="card">\n${[brandMark(this.config.brand), ...content].join('\n')}\n</main>`,
    });
  }
}

/** What a form may lead to by a redirect, for the Content-Security-Policy: an origin, or a private-use scheme. */
export function formAction(redirectUri: string): string {
  const { origin, protocol } = new URL(redirectUri);
  return origin === 'null' ? protocol : origin;
}
