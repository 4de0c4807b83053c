import type { FastifyReply } from 'fastify';
import type { AppConfig } from '../../config/app-config.js';
import { scriptAsset, styleAsset } from './assets.js';
import { type Brand, brandImages, brandMark } from './brand.js';
import { escapeHtml } from './html.js';
import { ICONS } from './icons.js';
import type { LoginView } from './login-view.js';
import { viewHtml } from './view-html.js';
import { type Page, sendPage } from './page.js';
import { pageLanguage, type PageTexts, TEXTS } from './texts.js';

const STYLE = styleAsset('login.css');
const SCRIPT = scriptAsset([
  'service.client.js',
  'follow.client.js',
  'scan.client.js',
  'tabs.client.js',
  'account.client.js',
  'copy.client.js',
  'login.client.js',
]);

/** What the login page is asked to show. */
export interface LoginPageContent {
  readonly view: LoginView;
  /** Where the login goes; `null`: the page itself shows who is logged in. */
  readonly returnTo: string | null;
  readonly codeChallenge: string | undefined;
  /** Address that leads to WeChat's own QR page; `null` where there is no website app. */
  readonly authorizeUrl: string | null;
}

/** The hosted login page, as small HTML with its style and script inside. */
export class LoginPage {
  private readonly brand: Brand;
  private readonly allowed: Page['allowed'];

  constructor({ brand, publicUrl, wechat }: Pick<AppConfig, 'brand' | 'publicUrl' | 'wechat'>) {
    this.brand = brand;
    this.allowed = {
      // Pictures of codes and people have PUBLIC_URL in front, also where the page goes by another name of this host.
      images: [new URL(publicUrl).origin, ...brandImages(brand)],
      frames: [new URL(wechat.openUrl).origin],
    };
  }

  async send(
    reply: FastifyReply,
    { view, returnTo, codeChallenge, authorizeUrl }: LoginPageContent,
    acceptLanguage: string | undefined,
  ): Promise<void> {
    const language = pageLanguage(acceptLanguage);
    const texts = TEXTS[language];
    await sendPage(reply, {
      status: 200,
      language,
      title: `${texts.title} · ${this.brand.name}`,
      style: STYLE,
      script: SCRIPT,
      data: {
        ...(returnTo === null ? {} : { returnTo, codeChallenge }),
        texts: clientTexts(texts),
      },
      allowed: this.allowed,
      body: `<main class="card${view.kind === 'scan' ? ' split' : ''}" data-state="loading" data-view="${view.kind}">
<div class="hero">
${brandMark(this.brand)}
${view.kind === 'scan' ? hero(texts) : ''}
</div>
<div class="content">
<p id="problem" role="alert" hidden></p>
<section id="start">${viewHtml(view, texts, authorizeUrl)}</section>
<section id="working" role="status" hidden><span class="spinner" aria-hidden="true"></span><h1>${texts.working}</h1></section>
${accountSection(texts)}
${returnTo === null ? '' : `<p class="returns">${ICONS.lock}<span>${texts.returns} <b>${escapeHtml(new URL(returnTo).host)}</b></span></p>`}
</div>
</main>`,
    });
  }
}

/** What the script says; the rest is in the HTML, and a snapshot page says it all itself. */
function clientTexts({ live, account, errors }: PageTexts): unknown {
  const { welcome, newcomer } = account;
  return { live, account: { welcome, newcomer }, errors: { ...errors, WECHAT_SNAPSHOT_USER: undefined } };
}

/** Rings of strokes, as in the codes of mini programs: how far out each is, and its strokes and gaps. */
const RINGS = [
  [44, '2 12'],
  [60, '14 11 2 11'],
  [76, '3 13 22 12'],
  [92, '2 12'],
  [108, '26 13 2 12 8 13'],
  [124, '2 14 15 12'],
  [140, '2 12'],
  [156, '34 14 3 12 12 13'],
  [172, '2 13 18 14'],
  [188, '2 12'],
].map(([radius = 0, dashes = '']) => `<circle r="${radius}" stroke-dasharray="${dashes}"/>`);

/** What a person does, beside the code; on small screens the code alone is shown. */
function hero({ hero: texts }: PageTexts): string {
  return `<svg class="rings" viewBox="-200 -200 400 400" aria-hidden="true">${RINGS.join('')}</svg>
<p class="headline">${texts.headline.replace('\n', '<br>')}</p>
<ol class="way">${texts.steps.map((step) => `<li>${step}</li>`).join('')}</ol>
<p class="promise">${ICONS.lock}<span>${texts.promise}</span></p>`;
}

function accountSection({ account: texts }: PageTexts): string {
  return `<section id="done" hidden>
<div id="face" class="mark face" aria-hidden="true"></div>
<h1 id="nickname" tabindex="-1"></h1>
<p class="lead" id="greeting"></p>
<dl>
<div><dt>${texts.user}</dt><dd><code id="user-id"></code></dd></div>
<div><dt>${texts.app}</dt><dd><code id="app-id"></code></dd></div>
</dl>
<button id="logout" class="button quiet" type="button">${texts.logout}</button>
</section>`;
}
