import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-custom';
import { channelOf } from '../channel/channels.js';
import { AppError } from '../common/app-error.js';
import { noteInRequest } from '../http/request-context.js';
import { type ResolvedLogin, UserService } from '../user/user.service.js';
import { weChatLanguage } from '../wechat/language.js';
import { WeChatApps } from '../wechat/wechat-apps.js';
import { type WeChatLogin, withProfile } from '../wechat/wechat-login.js';
import { Exchanges } from './exchanges.js';
import type { WeChatLoginRequest, WeChatLoginState } from './wechat-login-request.js';

/**
 * The only strategy: exchanges a code of any channel and returns the identity and its user. What follows (a
 * session, a redirect) is up to the door. An AppError thrown here reaches the problem filter unchanged.
 */
@Injectable()
export class WeChatStrategy extends PassportStrategy(Strategy, 'wechat') {
  constructor(
    private readonly exchanges: Exchanges,
    private readonly users: UserService,
    private readonly apps: WeChatApps,
  ) {
    super();
  }

  /**
   * Called by passport.
   * @throws AppError as the channel's exchange and UserService do, and TOKEN_CODE_MISMATCH
   */
  async validate(
    request: WeChatLoginState & Partial<Pick<FastifyRequest, 'headers'>>,
  ): Promise<WeChatLoginState['wechatLogin']> {
    const asked = request.wechatLoginRequest;
    if (!asked) throw new Error('WeChatStrategy requires WeChatAuthGuard');
    const { purpose, code, appId } = asked;
    const channel = channelOf(asked.channel);
    if (purpose === 'log-in' || purpose === 'find') noteInRequest({ login: channel.label });
    noteInRequest({ asks: { channel: channel.label, purpose } });
    this.noteApp(asked);
    const language = weChatLanguage(request.headers?.['accept-language']);
    const exchanged = await this.exchanges.of(channel.name).exchange({ channel, code, appId, language });
    noteInRequest({ appId: exchanged.appId });
    // UserService asks for the profile of a person who logs in only if it has use for it.
    const login = asked.purpose === 'log-in' ? exchanged : await withProfile(exchanged);
    if (asked.purpose === 'identify') return { login };
    if (asked.purpose === 'find') {
      const found = await this.users.resolveExisting(login);
      return found ? { login, resolved: found } : { login };
    }
    return { login, resolved: await this.resolve(login, asked) };
  }

  private async resolve(login: WeChatLogin, asked: WeChatLoginRequest): Promise<ResolvedLogin> {
    if (asked.purpose === 'link') return this.users.link(asked.userId, login);
    if (asked.purpose === 'log-in') return this.users.resolve(login);
    const resolved = await this.users.resolveExisting(login);
    if (!resolved) throw new AppError('TOKEN_CODE_MISMATCH');
    return resolved;
  }

  /** Notes the app for the event of a refusal, if the request names a configured app or none. */
  private noteApp({ channel, appId }: WeChatLoginRequest): void {
    const { appKind } = channelOf(channel);
    const { apps } = this;
    if (appId === undefined || apps.kindOf(appId) === appKind)
      noteInRequest({ appId: apps.find(appKind, appId).appId });
  }
}
