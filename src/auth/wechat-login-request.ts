import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { ChannelName } from '../channel/channels.js';
import type { ResolvedLogin } from '../user/user.service.js';
import type { WeChatLogin } from '../wechat/wechat-login.js';
import type { AuthenticatedState } from './access-token/access-token.js';

/**
 * What is asked for (docs/decisions/014-one-strategy-with-purposes.md). `log-in` makes an account where there is none.
 * `recognise` and `find` make none: somebody without one is TOKEN_CODE_MISMATCH, or nobody. `link` adds the WeChat
 * account to a user. `identify` only says who it is at WeChat.
 */
export type LoginPurpose =
  | { readonly purpose: 'log-in' | 'recognise' | 'find' | 'identify' }
  | { readonly purpose: 'link'; readonly userId: string };

/** What a door asks the strategy: who is behind a code. */
export type WeChatLoginRequest = LoginPurpose & {
  /** A channel whose codes show who somebody is. */
  readonly channel: ChannelName;
  readonly code: string;
  /** The app that issued the code; the default of its kind where absent. */
  readonly appId?: string | undefined;
};

/** Reads, and validates (guards run before pipes), what the strategy needs from the request of a door. */
export type ReadLoginRequest = (request: FastifyRequest & AuthenticatedState) => WeChatLoginRequest;

/** Where the guard leaves the question and the strategy's answer. */
export interface WeChatLoginState {
  wechatLoginRequest?: WeChatLoginRequest;
  /** Who it is at WeChat, and here. `resolved` is absent for `identify`, and for `find` where nobody was found. */
  wechatLogin?: { readonly login: WeChatLogin; readonly resolved?: ResolvedLogin };
}

const READ_LOGIN_REQUEST = 'wechat-auth:read-login-request';

/** Says how the route under `WeChatAuthGuard` finds its code. */
export const LoginBy = (read: ReadLoginRequest): MethodDecorator & ClassDecorator =>
  SetMetadata(READ_LOGIN_REQUEST, read);

/** The reader that `LoginBy` left on a handler. */
export function loginReaderOf(handler: object): ReadLoginRequest {
  const read = Reflect.getMetadata(READ_LOGIN_REQUEST, handler) as ReadLoginRequest | undefined;
  if (!read) throw new Error('a route under WeChatAuthGuard needs @LoginBy');
  return read;
}

/** The user that the strategy found behind the code. */
export const CurrentLogin = createParamDecorator((_: unknown, context: ExecutionContext): ResolvedLogin => {
  const { wechatLogin } = context.switchToHttp().getRequest<WeChatLoginState>();
  if (!wechatLogin?.resolved) throw new Error('the route is not under WeChatAuthGuard');
  return wechatLogin.resolved;
});
