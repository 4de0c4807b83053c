import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { WeChatLoginRequest, WeChatLoginState } from '../auth/wechat-login-request.js';
import { channelOf } from '../channel/channels.js';
import { AppError } from '../common/app-error.js';
import { KeyRing } from '../crypto/key-ring.js';
import { noteInRequest } from '../http/request-context.js';
import { AppConfig } from '../config/app-config.js';
import { type Device, SessionService, type Tokens } from '../session/session.service.js';
import { UserService } from '../user/user.service.js';
import { weChatLanguage } from '../wechat/language.js';
import { WeChatApiService } from '../wechat/wechat-api.service.js';
import { WeChatApps } from '../wechat/wechat-apps.js';
import type { WeChatLogin } from '../wechat/wechat-login.js';
import { BrowserCookie } from '../attempt/browser-cookie.js';
import type { CallbackState } from './callback.guard.js';
import { isFramed } from './callback-reply.js';
import { Attempts, type LandedLogin } from '../attempt/attempts.js';
import { callbackUrlOf } from './callback-url.js';
import { InWeChatFlow } from './in-wechat-flow.js';
import { attemptKey } from '../attempt/attempt.js';
import { LoginCodes, type PendingLink, type PendingLogin } from '../attempt/login-codes.js';
import { type LoginState, LoginStates } from './login-states.js';
import { ReturnUrls, withAnswer } from '../attempt/return-urls.js';

/** What a website asks for when it begins a login, or a link. */
export interface BeginLogin {
  readonly returnTo: string;
  readonly appId?: string | undefined;
  readonly codeChallenge?: string | undefined;
  /** The session that asks for a link; `null` for a login. */
  readonly linkTo: string | null;
}

const LINK_PLACE = 'pending-link';

/** A website login from the first redirect to the tokens. The order of the methods is the way of a login. */
@Injectable()
export class WebsiteLoginFlow {
  private readonly callbackUrl: string;

  constructor(
    private readonly returnUrls: ReturnUrls,
    private readonly apps: WeChatApps,
    private readonly wechat: WeChatApiService,
    private readonly states: LoginStates,
    private readonly loginCodes: LoginCodes,
    private readonly attempts: Attempts,
    private readonly inWeChat: InWeChatFlow,
    private readonly cookie: BrowserCookie,
    private readonly users: UserService,
    private readonly sessions: SessionService,
    private readonly keyRing: KeyRing,
    config: AppConfig,
  ) {
    this.callbackUrl = callbackUrlOf(config);
  }

  /**
   * Begins a login bound to the codeChallenge, else to this browser, which gets the cookie.
   * @returns WeChat's QR page
   * @throws AppError RETURN_URL_FORBIDDEN, APP_UNKNOWN, STORE_UNAVAILABLE
   */
  async begin(asked: BeginLogin, request: FastifyRequest, reply: FastifyReply): Promise<string> {
    const { appId, returnTo } = this.checked(asked);
    const state = await this.states.begin({
      channel: 'website',
      attempt: null,
      appId,
      returnTo,
      binding: this.cookie.bind(asked.codeChallenge, request, reply),
      linkTo: asked.linkTo,
    });
    const language = weChatLanguage(request.headers['accept-language']);
    return this.wechat.websiteAuthorizeUrl(appId, this.callbackUrl, state, language);
  }

  /** The app and the address of what is asked. @throws AppError RETURN_URL_FORBIDDEN, APP_UNKNOWN */
  checked({
    returnTo,
    appId,
  }: Pick<BeginLogin, 'returnTo' | 'appId'>): Pick<LoginState, 'returnTo' | 'appId'> {
    return {
      returnTo: this.returnUrls.allowed(returnTo).href,
      appId: this.apps.find('website', appId).appId,
    };
  }

  /**
   * Lands a callback that the strategy let through.
   * @returns returnTo with a loginCode; for a link that is bound to this browser, with `linked`; the login page for
   *   who has to be asked first
   */
  async land(
    request: FastifyRequest & CallbackState & WeChatLoginState,
    device: Device,
  ): Promise<{ login: LoginState; location: string }> {
    const { callbackFirst, callbackLogin, wechatLogin } = request;
    if (!callbackFirst || !callbackLogin || !wechatLogin) throw new AppError('STATE_INVALID');
    const from = { device, browser: this.cookie.read(request), framed: isFramed(request) };
    const location = await this.answer(callbackLogin, wechatLogin, from);
    await this.states.finish(callbackFirst.state, location);
    return { login: callbackLogin, location };
  }

  /**
   * Turns a loginCode into a session: of the person who logged in, or of the account that is linked now. While the
   * database is away the code is not used up: the same request may be repeated.
   * @param browser fingerprint of the cookie that came along
   * @throws AppError LOGIN_CODE_INVALID, ACCOUNT_DISABLED, SESSION_ENDED, IDENTITY_TAKEN
   */
  async redeem(
    loginCode: string,
    browser: string | null,
    codeVerifier: string | undefined,
  ): Promise<{ tokens: Tokens; isNewUser: boolean }> {
    // A loginCode that nobody knows belongs to no channel; most come from websites.
    noteInRequest({ login: 'website' });
    const pending = await this.loginCodes.find(loginCode, browser, codeVerifier);
    if (pending.kind === 'link') {
      noteInRequest({ asks: { channel: 'website', purpose: 'link' } });
      return { tokens: await this.finishLink(loginCode, pending), isNewUser: false };
    }
    noteInRequest({ login: pending.channel });
    const tokens = await this.openSession(loginCode, pending);
    // The session stands: that the attempt says so too is for whoever still looks at it.
    if (pending.attempt !== null) await this.attempts.redeemed(pending.attempt).catch(() => undefined);
    return { tokens, isNewUser: pending.isNewUser };
  }

  private async answer(
    state: LoginState,
    { login, resolved }: NonNullable<WeChatLoginState['wechatLogin']>,
    {
      device,
      browser,
      framed,
    }: Omit<LandedLogin, 'loginCode'> & {
      readonly device: Device;
      readonly framed: boolean;
    },
  ): Promise<string> {
    const { attempt, binding, linkTo, returnTo } = state;
    if (resolved) {
      await this.users.settle(resolved);
      const { identity, isNewUser } = resolved;
      if (linkTo !== null) return withAnswer(returnTo, 'linked', identity.id);
      const loginCode = await this.loginCodes.issue({
        kind: 'log-in',
        channel: channelOf(state.channel).label,
        identityId: identity.id,
        isNewUser,
        attempt: attempt === null ? null : attemptKey(attempt),
        binding,
        device,
      });
      // A frame's attempt is told when the page in it was shown.
      if (attempt !== null && !framed) await this.attempts.land(attempt, { loginCode, browser });
      return withAnswer(returnTo, 'loginCode', loginCode);
    }
    if (channelOf(state.channel).callback?.isSilent) return this.inWeChat.askForConsent(state);
    if (linkTo === null) throw new AppError('STATE_INVALID');
    const sealed = this.keyRing.seal(JSON.stringify(login), LINK_PLACE);
    const pending: PendingLink = { kind: 'link', sessionId: linkTo, login: sealed, binding, device };
    return withAnswer(returnTo, 'loginCode', await this.loginCodes.issue(pending));
  }

  private async openSession(loginCode: string, { identityId, device }: PendingLogin): Promise<Tokens> {
    const login = await this.users.findIdentity(identityId);
    if (!login) throw new AppError('LOGIN_CODE_INVALID');
    await this.loginCodes.use(loginCode);
    return this.sessions.start(login, device);
  }

  private async finishLink(loginCode: string, { sessionId, login, device }: PendingLink): Promise<Tokens> {
    const { user } = await this.sessions.verify(sessionId);
    await this.loginCodes.use(loginCode);
    const linked = await this.users.link(
      user.id,
      JSON.parse(this.keyRing.open(login, LINK_PLACE)) as WeChatLogin,
    );
    return this.sessions.start(linked, device, linked.writes);
  }
}

/**
 * What the strategy is asked at a callback. A link that is bound to this browser is made at once; one that is bound
 * to a verifier waits for it: until then nobody has shown to be who asked for it.
 */
export function callbackLoginRequest(request: FastifyRequest & CallbackState): WeChatLoginRequest {
  const { callbackFirst, callbackLogin, callbackUserId } = request;
  const from = {
    channel: callbackLogin?.channel ?? ('website' as const),
    code: callbackFirst?.code ?? '',
    appId: callbackLogin?.appId,
  };
  if (channelOf(from.channel).callback?.isSilent) return { ...from, purpose: 'find' };
  if (callbackUserId === undefined) return { ...from, purpose: 'log-in' };
  if (callbackLogin && 'codeChallenge' in callbackLogin.binding) return { ...from, purpose: 'identify' };
  return { ...from, purpose: 'link', userId: callbackUserId };
}
