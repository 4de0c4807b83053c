import { Browser, locationOf } from './browser.js';
import type { CallOptions, Reply } from './http.js';
import { type Person, SHOP, type TokenReply, type World } from './world.js';

export const OFFICIAL_ACCOUNT = 'wx5a4db0c0de000003';

/** User-Agent of WeChat's browser on Android. */
export const WECHAT_USER_AGENT =
  'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.6478.188 ' +
  'Mobile Safari/537.36 XWEB/1260117 MMWEBSDK/20240501 MicroMessenger/8.0.50.2701(0x28003252) WeChat/arm64 Language/zh_CN';

/** WeChat's browser on a person's phone. Like `Browser`, it does not follow redirects by itself. */
export class WeChatBrowser extends Browser {
  constructor(
    private readonly world: World,
    readonly person: Person,
  ) {
    super();
  }

  override visit<Body = Record<string, unknown>>(
    url: string,
    options: CallOptions = {},
  ): Promise<Reply<Body>> {
    // Identifies the person: at WeChat the app does this, in the sandbox a cookie.
    const isWeChat = url.startsWith(this.world.sandbox.url);
    const headers = {
      'user-agent': WECHAT_USER_AGENT,
      ...(isWeChat ? { cookie: `sandbox_person=${this.person.id}` } : {}),
      ...options.headers,
    };
    return super.visit<Body>(url, { ...options, headers });
  }

  /** Calls authorize with the official account. @returns WeChat's silent authorization page */
  async authorize(query: Readonly<Record<string, string>> = {}): Promise<URL> {
    return this.world.authorize(this, { appId: OFFICIAL_ACCOUNT, ...query });
  }

  /** Passes a page of WeChat and gives consent if asked. @returns the callback URL */
  async pass(page: URL | string): Promise<URL> {
    const onward = locationOf(await this.visit(new URL(page).href), this.world.sandbox.url);
    const uuid = onward.pathname === '/phone' ? onward.searchParams.get('uuid') : null;
    if (uuid === null) return onward;
    await this.world.control('scan', { uuid, person: this.person.id });
    const { redirectUrl } = await this.world.control<{ redirectUrl: string }>('allow', { uuid });
    return new URL(redirectUrl);
  }

  /** The same, and then requests the callback. @returns the redirect target */
  async land(page: URL | string): Promise<URL> {
    return locationOf(await this.visit((await this.pass(page)).href));
  }

  /** Opens the login page that asks for consent. @returns the target of its button */
  async consentPage(loginPage: URL | string): Promise<URL | null> {
    const { status, text } = await this.visit(new URL(loginPage).href);
    if (status !== 200) throw new Error(`${status}: ${text}`);
    const href = /href="([^"]*\/connect\/oauth2\/authorize\?[^"]*)"/.exec(text)?.[1];
    return href === undefined ? null : new URL(href.replaceAll('&amp;', '&'));
  }

  /** Opens the login page and taps its button. @returns the redirect target of the login */
  async consent(loginPage: URL | string): Promise<URL> {
    const page = await this.consentPage(loginPage);
    if (page === null) throw new Error('the page has no button that leads to WeChat');
    return this.land(page);
  }

  /** Logs in up to the redirect to returnTo, with consent if asked. */
  async callback(query: Readonly<Record<string, string>> = {}): Promise<URL> {
    const location = await this.land(await this.authorize(query));
    return location.searchParams.has('consent') ? this.consent(location) : location;
  }

  /** Logs in and expects success. */
  async login(): Promise<TokenReply> {
    const location = await this.callback({ returnTo: `${SHOP}/welcome` });
    const reply = await this.world.redeem(this, location.searchParams.get('loginCode'));
    if (reply.status !== 200) throw new Error(`${location.href}: ${reply.text}`);
    return reply.body;
  }
}
