import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { attemptKey } from '../../attempt/attempt.js';
import { Attempts, type CallbackLogin } from '../../attempt/attempts.js';
import { BrowserCookie } from '../../attempt/browser-cookie.js';
import { HostedLogins } from '../../attempt/hosted-logins.js';
import {
  isHostedBrowser,
  LoginCodes,
  type PendingLink,
  type PendingLogin,
  pendingLogin,
} from '../../attempt/login-codes.js';
import { withAnswer } from '../../attempt/return-urls.js';
import type { WeChatLoginRequest, WeChatLoginState } from '../../auth/wechat-login-request.js';
import { channelOf } from '../../channel/channels.js';
import { AppError } from '../../common/app-error.js';
import { Clock } from '../../common/clock.js';
import { freshSecret } from '../../crypto/secret.js';
import type { Device } from '../../session/session.service.js';
import { AcceptedTerms } from '../../user/accepted-terms.js';
import { type ResolvedLogin, UserService } from '../../user/user.service.js';
import { InWeChatFlow } from '../in-wechat/in-wechat-flow.js';
import { PendingLinks } from '../pending-links.js';
import type { CallbackState } from './callback.guard.js';
import { isFramed } from './callback-reply.js';
import { type LoginState, LoginStates } from './login-states.js';

/** The browser that sent the callback. */
interface From extends Omit<CallbackLogin, 'loginCode'> {
  /** The state that the callback has used. */
  readonly usedState: string;
  readonly device: Device;
  readonly framed: boolean;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** Continues a login after WeChat's page has returned and the strategy has identified the person. */
@Injectable()
export class CallbackFlow {
  constructor(
    private readonly states: LoginStates,
    private readonly loginCodes: LoginCodes,
    private readonly links: PendingLinks,
    private readonly attempts: Attempts,
    private readonly hostedLogins: HostedLogins,
    private readonly inWeChat: InWeChatFlow,
    private readonly cookie: BrowserCookie,
    private readonly users: UserService,
    private readonly terms: AcceptedTerms,
    private readonly clock: Clock,
  ) {}

  /**
   * Answers a callback that passed the guards. Where a hosted page of this browser began the login, the browser
   * knows from then on who has logged in.
   * @returns returnTo with a loginCode; with `linked` for a link that is bound to this browser; the login
   * page if the person has to consent first
   */
  async finish(
    request: FastifyRequest & CallbackState & WeChatLoginState,
    device: Device,
    reply: FastifyReply,
  ): Promise<{ login: LoginState; location: string }> {
    const { callbackFirst, callbackLogin, wechatLogin } = request;
    if (!callbackFirst || !callbackLogin || !wechatLogin) throw new AppError('STATE_INVALID');
    const browser = this.cookie.read(request);
    const usedState = callbackFirst.state;
    const from = { usedState, device, browser, framed: isFramed(request), request, reply };
    return { login: callbackLogin, location: await this.answer(callbackLogin, wechatLogin, from) };
  }

  /** @returns the redirect, which is stored for repeats of the callback */
  private async answer(
    state: LoginState,
    { login, resolved }: NonNullable<WeChatLoginState['wechatLogin']>,
    from: From,
  ): Promise<string> {
    const { binding, linkTo, returnTo } = state;
    const isSilent = channelOf(state.channel).callback?.isSilent === true;
    // The page has shown nothing yet, so it asks the person to accept the terms by a tap.
    if (resolved && isSilent && state.hostedBrowser !== null && this.terms.areOwed(resolved)) {
      return this.keep(from, await this.inWeChat.askForConsent({ ...state, isKnown: true }));
    }
    if (resolved) {
      // The refresh token of a login is stored with its session, which saves a returning person a transaction.
      await this.users.settle(linkTo === null ? { ...resolved, refreshToken: null } : resolved);
      if (linkTo !== null) return this.keep(from, withAnswer(returnTo, 'linked', resolved.identity.id));
      return this.logIn(state, resolved, from);
    }
    if (isSilent) return this.keep(from, await this.inWeChat.askForConsent(state));
    if (linkTo === null) throw new AppError('STATE_INVALID');
    const loginAt = this.clock.now();
    const link = this.links.seal(login, { sessionId: linkTo, binding, device: from.device, loginAt });
    return (await this.issue(link, returnTo, from)).location;
  }

  private async keep({ usedState }: From, location: string): Promise<string> {
    await this.states.finish(usedState, location);
    return location;
  }

  /** Stores a loginCode and the redirect that carries it, in one round trip. */
  private async issue(
    login: PendingLogin | PendingLink,
    returnTo: string,
    from: From,
  ): Promise<{ loginCode: string; location: string }> {
    const loginCode = freshSecret();
    const location = withAnswer(returnTo, 'loginCode', loginCode);
    await Promise.all([this.loginCodes.issueAs(loginCode, login), this.keep(from, location)]);
    return { loginCode, location };
  }

  private async logIn(
    state: LoginState,
    { identity, isNewUser, refreshToken }: ResolvedLogin,
    from: From,
  ): Promise<string> {
    const { device, browser, framed, request, reply } = from;
    const { attempt, binding, hostedBrowser, isAsked, returnTo } = state;
    const channel = channelOf(state.channel);
    // A silent login shows no page.
    const isHosted = hostedBrowser !== null && channel.callback?.isSilent === false;
    const facts = {
      channel: channel.label,
      identityId: identity.id,
      isNewUser,
      refreshToken,
      attempt: attempt === null ? null : attemptKey(attempt),
      binding,
      device,
      hostedBrowser,
      termsShown: isHosted || isAsked === true,
    };
    const pending = pendingLogin(facts, this.clock.now());
    const { loginCode, location } = await this.issue(pending, returnTo, from);
    // In a frame our page reports the rest once it was shown: the result, and who has logged in.
    if (framed) return location;
    // With a codeChallenge any browser may bring the callback, so the browser that began is compared here too.
    if (isHostedBrowser(pending, browser)) await this.hostedLogins.begin(pending, request, reply);
    if (attempt !== null) await this.attempts.finish(attempt, { loginCode, browser });
    return location;
  }
}

/**
 * The strategy's input for a callback. A link bound to this browser is made at once. A link bound to a
 * codeChallenge is made when the verifier proves who began it.
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
