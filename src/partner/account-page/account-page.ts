import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { HostedLogin } from '../../attempt/hosted-logins.js';
import { AppConfig } from '../../config/app-config.js';
import type { Page } from '../../http/paging.js';
import { pageAsset } from '../../pages/assets.js';
import { brandMark } from '../../pages/brand.js';
import { escapeHtml } from '../../pages/html.js';
import { PageShell } from '../../pages/shell.js';
import { UserReplies } from '../../user/user-replies.js';
import type { GrantOfPerson } from '../grants/grants.replies.js';
import type { PartnerTexts } from '../pages/partner-texts.js';
import { personCard } from '../pages/person-card.js';
import { partnerTexts } from '../pages/texts.js';
import { isScope } from '../registry/partner.js';

const STYLE = pageAsset('account-page.css');
const SCRIPT = pageAsset('account-page.js');

/** The account page: who is logged in, and which apps have access. Without scripts it shows the days of Beijing. */
@Injectable()
export class AccountPage {
  private readonly shell: PageShell;

  constructor(
    private readonly replies: UserReplies,
    private readonly config: AppConfig,
  ) {
    this.shell = new PageShell(config);
  }

  async send(reply: FastifyReply, hosted: HostedLogin, grants: Page<GrantOfPerson>): Promise<void> {
    const language = this.shell.language(reply.request);
    const texts = partnerTexts(language);
    const { publicUrl } = this.config;
    const more =
      grants.nextCursor === null
        ? ''
        : `<p class="more"><a href="?cursor=${encodeURIComponent(grants.nextCursor)}">${texts.account.more}</a></p>`;
    await this.shell.send(reply, {
      status: 200,
      language,
      title: texts.account.title,
      style: STYLE,
      script: SCRIPT,
      allowed: { images: [new URL(publicUrl).origin], formActions: ["'self'"] },
      body: `<main class="card">
${brandMark(this.config.brand)}
<h1>${texts.account.title}</h1>
${personCard(this.replies.user(hosted.user), texts.consent)}
<h2>${texts.account.apps}</h2>
${grants.items.length === 0 ? `<p class="none">${texts.account.none}</p>` : list(grants.items, hosted, texts, publicUrl, language)}
${more}
<form method="post" action="${escapeHtml(`${publicUrl}/account/logout`)}">
<input type="hidden" name="token" value="${hosted.formToken}">
<button class="button quiet">${texts.logout.logout}</button>
</form>
</main>`,
    });
  }
}

function list(
  grants: readonly GrantOfPerson[],
  { formToken }: HostedLogin,
  { account, consent }: PartnerTexts,
  publicUrl: string,
  language: string,
): string {
  const days = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'Asia/Shanghai' });
  const words = { ...consent.scopes, openid: account.openid };
  const items = grants.map(({ id, partner, scopes, lastUsedAt }) => {
    const shared = scopes.filter(isScope).map((scope) => `<li>${words[scope]}</li>`);
    return `<li class="app">
<p><b>${escapeHtml(partner.name)}</b><span>${account.lastUsed} <time datetime="${new Date(lastUsedAt).toISOString()}">${account.inBeijing(days.format(lastUsedAt))}</time></span></p>
<ul>${shared.join('')}</ul>
<form method="post" action="${escapeHtml(`${publicUrl}/account/withdrawals`)}">
<input type="hidden" name="token" value="${formToken}">
<input type="hidden" name="grantId" value="${escapeHtml(id)}">
<button class="button quiet" aria-label="${escapeHtml(account.withdrawFrom(partner.name))}">${account.withdraw}</button>
</form>
</li>`;
  });
  return `<ul class="apps">${items.join('')}</ul>`;
}
