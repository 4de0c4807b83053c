import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-custom';
import { AppError } from '../common/app-error.js';
import type { ErrorCode } from '../common/error-catalogue.js';
import { noteInRequest } from '../common/request-context.js';
import { Refusals } from '../events/refusals.js';
import { type ResolvedLogin, UserService } from '../user/user.service.js';
import { WeChatApiService } from '../wechat/wechat-api.service.js';
import type { WeChatLogin } from '../wechat/wechat-login.js';
import { loginChannel, type WeChatLoginRequest, type WeChatLoginState } from './wechat-login-request.js';

/** WeChat knows of nobody who may log in with the code: recorded, unlike what is about an app or a line. */
const REFUSED_BY_WECHAT: ReadonlySet<ErrorCode> = new Set([
  'WECHAT_CODE_INVALID',
  'WECHAT_CODE_USED',
  'WECHAT_USER_BLOCKED',
  'WECHAT_SNAPSHOT_USER',
]);

/**
 * The one strategy: a code of any channel in, the identity and its user out, nothing else. What follows (a session,
 * a redirect) is the door's business. An AppError thrown here reaches the problem filter intact.
 */
@Injectable()
export class WeChatStrategy extends PassportStrategy(Strategy, 'wechat') {
  constructor(
    private readonly wechat: WeChatApiService,
    private readonly users: UserService,
    private readonly refusals: Refusals,
  ) {
    super();
  }

  /** Called by passport. @throws AppError as WeChatApiService and UserService do, and TOKEN_CODE_MISMATCH */
  async validate(request: WeChatLoginState): Promise<WeChatLoginState['wechatLogin']> {
    const asked = request.wechatLoginRequest;
    if (!asked) throw new Error('the wechat strategy runs under WeChatAuthGuard only');
    const { purpose, channel } = asked;
    if (purpose === 'log-in' || purpose === 'find') noteInRequest({ login: loginChannel(channel) });
    const login = await this.exchange(asked).catch((error: unknown) => this.refused(error, asked));
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

  /** @throws what it is given, recorded where WeChat has refused the code */
  private async refused(error: unknown, { channel, appId, purpose }: WeChatLoginRequest): Promise<never> {
    if (error instanceof AppError && REFUSED_BY_WECHAT.has(error.code)) {
      await this.refusals.record({
        type: 'login.refused',
        userId: null,
        actor: 'user',
        details: { reason: error.code, channel, purpose, appId: appId ?? null },
      });
    }
    throw error;
  }

  private exchange({ channel, code, appId }: WeChatLoginRequest): Promise<WeChatLogin> {
    switch (channel) {
      case 'mini-program':
        return this.wechat.miniProgramLogin(code, appId);
      case 'website':
        return this.wechat.websiteLogin(code, appId);
      case 'in-wechat':
        return this.wechat.officialAccountLogin(code, 'snsapi_userinfo', appId);
      case 'in-wechat-silently':
        return this.wechat.officialAccountLogin(code, 'snsapi_base', appId);
    }
  }
}
