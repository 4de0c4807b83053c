import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-custom';
import { AppError } from '../common/app-error.js';
import { noteInRequest } from '../http/request-context.js';
import type { AppKind } from '../channel/app-kinds.js';
import { type ResolvedLogin, UserService } from '../user/user.service.js';
import { type WeChatLanguage, weChatLanguage } from '../wechat/language.js';
import { WeChatApiService } from '../wechat/wechat-api.service.js';
import { WeChatApps } from '../wechat/wechat-apps.js';
import type { WeChatLogin } from '../wechat/wechat-login.js';
import { loginChannel, type WeChatLoginRequest, type WeChatLoginState } from './wechat-login-request.js';

const APP_KINDS = {
  'mini-program': 'mini_program',
  website: 'website',
  'in-wechat': 'official_account',
  'in-wechat-silently': 'official_account',
} as const satisfies Record<WeChatLoginRequest['channel'], AppKind>;

/**
 * The one strategy: a code of any channel in, the identity and its user out, nothing else. What follows (a session,
 * a redirect) is the door's business. An AppError thrown here reaches the problem filter intact.
 */
@Injectable()
export class WeChatStrategy extends PassportStrategy(Strategy, 'wechat') {
  constructor(
    private readonly wechat: WeChatApiService,
    private readonly users: UserService,
    private readonly apps: WeChatApps,
  ) {
    super();
  }

  /** Called by passport. @throws AppError as WeChatApiService and UserService do, and TOKEN_CODE_MISMATCH */
  async validate(
    request: WeChatLoginState & Partial<Pick<FastifyRequest, 'headers'>>,
  ): Promise<WeChatLoginState['wechatLogin']> {
    const asked = request.wechatLoginRequest;
    if (!asked) throw new Error('the wechat strategy runs under WeChatAuthGuard only');
    const { purpose, channel } = asked;
    if (purpose === 'log-in' || purpose === 'find') noteInRequest({ login: loginChannel(channel) });
    noteInRequest({ asks: { channel: loginChannel(channel), purpose } });
    this.noteApp(asked);
    const login = await this.exchange(asked, weChatLanguage(request.headers?.['accept-language']));
    noteInRequest({ appId: login.appId });
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

  /** For the record of a refusal: the app that is asked for, where it is one of ours. */
  private noteApp({ channel, appId }: WeChatLoginRequest): void {
    const kind = APP_KINDS[channel];
    const { apps } = this;
    if (appId === undefined || apps.kindOf(appId) === kind)
      noteInRequest({ appId: apps.find(kind, appId).appId });
  }

  private exchange(
    { channel, code, appId }: WeChatLoginRequest,
    language: WeChatLanguage,
  ): Promise<WeChatLogin> {
    switch (channel) {
      case 'mini-program':
        return this.wechat.miniProgramLogin(code, appId);
      case 'website':
        return this.wechat.websiteLogin(code, appId, language);
      case 'in-wechat':
        return this.wechat.officialAccountLogin(code, 'snsapi_userinfo', appId, language);
      case 'in-wechat-silently':
        return this.wechat.officialAccountLogin(code, 'snsapi_base', appId, language);
    }
  }
}
