import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { mayContinue } from '../../attempt/binding.js';
import { ReturnUrls } from '../../attempt/return-urls.js';
import { AppConfig } from '../../config/app-config.js';
import { WeChatApiService } from '../../wechat/wechat-api.service.js';
import { WeChatApps } from '../../wechat/wechat-apps.js';
import { BrowserCookie } from '../../attempt/browser-cookie.js';
import { callbackUrlOf } from '../callback/callback-url.js';
import { type LoginState, LoginStates } from '../callback/login-states.js';

/** What a page inside WeChat asks for. */
export interface BeginInWeChat {
  readonly returnTo: string;
  /** The official account; the first where absent. */
  readonly appId?: string | undefined;
  readonly codeChallenge?: string | undefined;
  /** Whether a hosted page begins it. */
  readonly isHosted: boolean;
  /** `ui_locales` of the request. */
  readonly uiLocales?: string | undefined;
}

/** A login that waits for a tap. */
export interface WaitingConsent {
  /** WeChat's consent page. */
  readonly url: string;
  /** Whether the person is known, and is asked to accept the terms alone. */
  readonly isKnown: boolean;
}

/**
 * Logins of pages inside WeChat's browser, by an official account (wechat-api.md section 5), in two steps
 * (docs/decisions/022-in-wechat-asks-in-two-steps.md). The silent step logs in known people. New people tap a button of
 * our page: only after a tap does WeChat give the unionid and show no snapshot page.
 */
@Injectable()
export class InWeChatFlow {
  private readonly callbackUrl: string;
  private readonly pageUrl: string;

  constructor(
    private readonly returnUrls: ReturnUrls,
    private readonly apps: WeChatApps,
    private readonly wechat: WeChatApiService,
    private readonly states: LoginStates,
    private readonly cookie: BrowserCookie,
    config: AppConfig,
  ) {
    this.callbackUrl = callbackUrlOf(config);
    this.pageUrl = `${config.publicUrl}/login`;
  }

  /**
   * Begins a login that asks the person for nothing.
   * @returns WeChat's page, which redirects to the callback at once
   * @throws AppError RETURN_URL_FORBIDDEN, APP_UNKNOWN, STORE_UNAVAILABLE
   */
  async begin(asked: BeginInWeChat, request: FastifyRequest, reply: FastifyReply): Promise<string> {
    const returnTo = this.returnUrls.allowed(asked.returnTo).href;
    const { appId } = this.apps.find('official_account', asked.appId);
    const bound = this.cookie.bind(asked.codeChallenge, asked.isHosted, request, reply);
    return this.askSilently({ appId, returnTo, ...bound, attempt: null, uiLocales: asked.uiLocales });
  }

  /** The same for a login whose app, returnTo and binding are known. */
  async askSilently(login: Omit<LoginState, 'channel' | 'linkTo'>): Promise<string> {
    const state = await this.states.begin({ ...login, channel: 'in-wechat-silently', linkTo: null });
    return this.wechat.officialAccountAuthorizeUrl(login.appId, this.callbackUrl, 'snsapi_base', state);
  }

  /**
   * Continues a login with a button: of an openid that is unknown here or of a snapshot page, or of a person who has not
   * accepted the terms.
   * @returns the login page that shows the button
   */
  async askForConsent(login: LoginState, error?: string): Promise<string> {
    const state = await this.states.goOn({ ...login, channel: 'in-wechat', isAsked: true });
    const page = new URL(this.pageUrl);
    page.searchParams.set('returnTo', login.returnTo);
    page.searchParams.set('appId', login.appId);
    if ('codeChallenge' in login.binding) page.searchParams.set('codeChallenge', login.binding.codeChallenge);
    if (login.uiLocales !== undefined) page.searchParams.set('ui_locales', login.uiLocales);
    page.searchParams.set('consent', state);
    if (error !== undefined) page.searchParams.set('error', error);
    return page.href;
  }

  /**
   * What the button leads to.
   * @returns `null` where the login is over or belongs to another browser
   */
  async consent(state: string, request: FastifyRequest): Promise<WaitingConsent | null> {
    const login = await this.states.find(state);
    if (login?.channel !== 'in-wechat' || !mayContinue(login.binding, this.cookie.read(request))) return null;
    if (await this.states.isUsed(state)) return null;
    const { appId, isKnown = false } = login;
    const url = this.wechat.officialAccountAuthorizeUrl(appId, this.callbackUrl, 'snsapi_userinfo', state);
    return { url, isKnown };
  }
}
