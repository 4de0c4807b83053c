import type { FastifyReply } from 'fastify';
import { isBoundToBrowser } from '../../attempt/return-urls.js';
import type { AppConfig } from '../../config/app-config.js';
import { pageAsset } from '../../pages/assets.js';
import { brandMark } from '../../pages/brand.js';
import { escapeHtml } from '../../pages/html.js';
import { ICONS } from '../../pages/icons.js';
import type { LoginView } from './login-view.js';
import type { BrowserTexts, LoginPageData } from './page-data.js';
import { viewHtml } from './view-html.js';
import { PageShell, type ShellConfig, type ShellPage } from '../../pages/shell.js';
import { LOGIN_TEXTS, type LoginTexts } from './texts.js';

const STYLE = pageAsset('login.css');
const SCRIPT = pageAsset('login.js');

/** Views from which a login goes on in this browser. */
const LOGS_IN: readonly LoginView['kind'][] = [
  'scan',
  'known',
  'open-in-wechat',
  'consent',
  'snapshot',
  'again',
];

/** The content of the login page. */
export interface LoginPageContent {
  readonly view: LoginView;
  /** Where the login returns to; `null`: the page itself shows who is logged in. */
  readonly returnTo: string | null;
  readonly codeChallenge: string | undefined;
  /** URL that leads to WeChat's QR page; `null` where no website app is configured. */
  readonly authorizeUrl: string | null;
}

/** The hosted login page: one HTML document with its style and script inline. */
export class LoginPage {
  private readonly shell: PageShell;
  private readonly allowed: ShellPage['allowed'];
  private readonly isHttps: boolean;
  private readonly remembers: boolean;

  constructor(private readonly config: ShellConfig & Pick<AppConfig, 'wechat' | 'ttl'>) {
    this.shell = new PageShell(config);
    this.isHttps = config.publicUrl.startsWith('https:');
    this.remembers = config.ttl.sso > 0;
    this.allowed = {
      // URLs of codes and avatars begin with PUBLIC_URL, also where the page was opened under another host name.
      images: [new URL(config.publicUrl).origin],
      frames: [new URL(config.wechat.openUrl).origin],
    };
  }

  async send(
    reply: FastifyReply,
    { view, returnTo, codeChallenge, authorizeUrl }: LoginPageContent,
  ): Promise<void> {
    const language = this.shell.language(reply.request);
    const texts = LOGIN_TEXTS[language];
    await this.shell.send(reply, {
      status: 200,
      language,
      title: texts.title,
      logsIn: LOGS_IN.includes(view.kind),
      style: STYLE,
      script: SCRIPT,
      data: {
        ...(returnTo === null ? {} : { returnTo, codeChallenge }),
        remembers: this.remembers,
        texts: browserTexts(texts),
      } satisfies LoginPageData,
      allowed: { ...this.allowed, formActions: view.kind === 'known' ? this.formActions(returnTo) : [] },
      body: `<main class="card${view.kind === 'scan' ? ' split' : ''}" data-state="loading" data-view="${view.kind}">
<div class="hero">
${brandMark(this.config.brand)}
${view.kind === 'scan' ? hero(texts) : ''}
</div>
<div class="content">
<p id="problem" role="alert" hidden></p>
<section id="start">${viewHtml(view, texts, authorizeUrl)}</section>
<section id="working" role="status" hidden><span class="spinner" aria-hidden="true"></span><h1>${texts.working}</h1></section>
${accountSection(texts)}
${this.returns(returnTo, texts)}
</div>
</main>`,
    });
  }

  /** The website to which the login returns. A partner app is named by the consent page, which comes before it. */
  private returns(returnTo: string | null, texts: LoginTexts): string {
    if (returnTo === null || isBoundToBrowser(returnTo, this.config)) return '';
    return `<p class="returns">${ICONS.lock}<span>${texts.returns} <b>${escapeHtml(new URL(returnTo).host)}</b></span></p>`;
  }

  /**
   * Chrome applies form-action to each redirect after the form, and a website may redirect on to any other.
   * @returns our own origin, that of returnTo, and every https origin (http too where this page is http)
   */
  private formActions(returnTo: string | null): string[] {
    const schemes = this.isHttps ? ['https:'] : ['https:', 'http:'];
    return ["'self'", ...(returnTo === null ? [] : [new URL(returnTo).origin]), ...schemes];
  }
}

/** The texts that the browser code shows. The page for snapshots needs none for its error. */
function browserTexts({ live, account, errors }: LoginTexts): BrowserTexts {
  const { welcome, newcomer } = account;
  return { live, account: { welcome, newcomer }, errors: { ...errors, WECHAT_SNAPSHOT_USER: undefined } };
}

/** Dashed rings as in mini program codes: radius and stroke-dasharray of each. */
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

/** The steps of the login beside the code; hidden on small screens. */
function hero({ hero: texts }: LoginTexts): string {
  return `<svg class="rings" viewBox="-200 -200 400 400" aria-hidden="true">${RINGS.join('')}</svg>
<p class="headline">${texts.headline.replace('\n', '<br>')}</p>
<ol class="way">${texts.steps.map((step) => `<li>${step}</li>`).join('')}</ol>
<p class="promise">${ICONS.lock}<span>${texts.promise}</span></p>`;
}

function accountSection({ account: texts }: LoginTexts): string {
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
