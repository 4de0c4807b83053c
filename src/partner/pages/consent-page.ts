import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppConfig } from '../../config/app-config.js';
import { pageAsset } from '../../pages/assets.js';
import { brandMark } from '../../pages/brand.js';
import { escapeHtml } from '../../pages/html.js';
import { ICONS } from '../../pages/icons.js';
import { PageShell } from '../../pages/shell.js';
import { UserDirectory } from '../../user/user-directory.js';
import { UserReplies } from '../../user/user-replies.js';
import { type Partner, type Scope, SCOPES } from '../registry/partner.js';
import { formAction } from './openid-pages.js';
import { personCard } from './person-card.js';
import { partnerTexts } from './texts.js';

/** What the page asks. */
export interface ConsentPageContent {
  readonly partner: Partner;
  /** Who is asked. */
  readonly userId: string;
  readonly scopes: readonly string[];
  /** Where the person goes afterwards. */
  readonly redirectUri: string;
  /** URL of the form. */
  readonly action: string;
  /** Proof that the form is of this page. */
  readonly token: string;
  /** `ui_locales` of the partner's request. */
  readonly uiLocales: string | undefined;
}

const STYLE = pageAsset('consent.css');

/** Asks a person whether a partner may log them in, and says what it gets. Works without scripts. */
@Injectable()
export class ConsentPage {
  private readonly shell: PageShell;

  constructor(
    private readonly users: UserDirectory,
    private readonly replies: UserReplies,
    private readonly config: AppConfig,
  ) {
    this.shell = new PageShell(config);
  }

  async send(
    request: FastifyRequest,
    reply: FastifyReply,
    { partner, userId, scopes, redirectUri, action, token, uiLocales }: ConsentPageContent,
  ): Promise<void> {
    const language = this.shell.language(request, uiLocales);
    const { consent: texts, account } = partnerTexts(language);
    const words =
      partner.subjectType === 'public' ? { ...texts.scopes, openid: texts.publicId } : texts.scopes;
    const user = await this.users.find(userId);
    const person = user ? this.replies.user(user) : null;
    const logo = partner.logoUrl === null ? [] : [new URL(partner.logoUrl).origin];
    const shared = SCOPES.filter((scope) => scopes.includes(scope));
    await this.shell.send(reply, {
      status: 200,
      language,
      title: texts.title,
      style: STYLE,
      allowed: {
        images: [new URL(this.config.publicUrl).origin, ...logo],
        // Chrome applies form-action to the redirects that follow, up to the partner.
        formActions: ["'self'", formAction(redirectUri)],
      },
      body: `<main class="card">
${brandMark(this.config.brand)}
${partnerMark(partner)}
<h1>${escapeHtml(texts.asks(partner.name))}</h1>
${personCard(person, texts)}
<h2>${texts.shares}</h2>
<ul class="scopes">${shared.map((scope) => item(words[scope], scope)).join('')}</ul>
<form method="post" action="${escapeHtml(action)}">
<input type="hidden" name="token" value="${escapeHtml(token)}">
<button class="button" name="decision" value="allow">${texts.allow}</button>
<button class="button quiet" name="decision" value="deny">${texts.deny}</button>
<button class="link" name="decision" value="another">${texts.another}</button>
</form>
${this.withdrawal(texts.withdraw, account.title)}
<p class="returns">${ICONS.lock}<span>${texts.returns} <b>${escapeHtml(hostOf(redirectUri))}</b></span></p>
</main>`,
    });
  }

  /** Where a consent can be withdrawn; empty without an account page. In a tab of its own: the login goes on in this one. */
  private withdrawal(text: string, account: string): string {
    if (this.config.ttl.sso === 0) return '';
    const href = escapeHtml(`${this.config.publicUrl}/account`);
    const link = `<a href="${href}" target="_blank" rel="noopener">${account}</a>`;
    return `<p class="note">${text.replace('{account}', () => link)}</p>`;
  }
}

function item(text: string, scope: Scope): string {
  return `<li data-scope="${scope}">${ICONS.done}<span>${text}</span></li>`;
}

/** The logo of the partner, else the first letter of its name. */
function partnerMark({ logoUrl, name }: Partner): string {
  const [initial = ''] = name;
  return logoUrl === null
    ? `<div class="mark partner" aria-hidden="true">${escapeHtml(initial.toUpperCase())}</div>`
    : `<div class="mark partner"><img src="${escapeHtml(logoUrl)}" alt="" width="64" height="64"></div>`;
}

/** The host of a website; the scheme of an app. */
function hostOf(redirectUri: string): string {
  const { host, protocol } = new URL(redirectUri);
  return host === '' ? protocol.slice(0, -1) : host;
}
