import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { ChannelName } from '../channel/channels.js';
import type { ResolvedLogin } from '../user/user.service.js';
import type { WeChatLogin } from '../wechat/wechat-login.js';
import type { AuthenticatedState } from './access-token/access-token.js';

/**
 * What a code is used for (docs/decisions/014-one-strategy-with-purposes.md). `log-in` creates a user if
 * there is none. `recognise` and `find` do not: for an unknown person, `recognise` throws TOKEN_CODE_MISMATCH
 * and `find` returns nobody. `link` adds the WeChat account to a user. `identify` only returns the person's
 * identity at WeChat.
 */
export type LoginPurpose =
  | { readonly purpose: 'log-in' | 'recognise' | 'find' | 'identify' }
  | { readonly purpose: 'link'; readonly userId: string };

/** What a door passes to the strategy: a code and its purpose. */
export type WeChatLoginRequest = LoginPurpose & {
  /** A channel that has codes. */
  readonly channel: ChannelName;
  readonly code: string;
  /** The app that issued the code; if absent, the default of its kind. */
  readonly appId?: string | undefined;
};

/** Reads the strategy's input from a request. It also validates, because guards run before pipes. */
export type ReadLoginRequest = (request: FastifyRequest & AuthenticatedState) => WeChatLoginRequest;

/** Request properties for the input and the result of the strategy. */
export interface WeChatLoginState {
  wechatLoginRequest?: WeChatLoginRequest;
  /**
   * The identity at WeChat and the user here. `resolved` is absent for `identify`, and for `find` if nobody
   * was found.
   */
  wechatLogin?: { readonly login: WeChatLogin; readonly resolved?: ResolvedLogin };
}

const READ_LOGIN_REQUEST = 'wechat-auth:read-login-request';

/** Sets how a route under `WeChatAuthGuard` reads its code. */
export const LoginBy = (read: ReadLoginRequest): MethodDecorator & ClassDecorator =>
  SetMetadata(READ_LOGIN_REQUEST, read);

/** Returns the reader that `LoginBy` set on a handler. */
export function loginReaderOf(handler: object): ReadLoginRequest {
  const read = Reflect.getMetadata(READ_LOGIN_REQUEST, handler) as ReadLoginRequest | undefined;
  if (!read) throw new Error('a route under WeChatAuthGuard needs @LoginBy');
  return read;
}

/** The user that the strategy found for the code. */
export const CurrentLogin = createParamDecorator((_: unknown, context: ExecutionContext): ResolvedLogin => {
  const { wechatLogin } = context.switchToHttp().getRequest<WeChatLoginState>();
  if (!wechatLogin?.resolved) throw new Error('@CurrentLogin requires WeChatAuthGuard');
  return wechatLogin.resolved;
});
