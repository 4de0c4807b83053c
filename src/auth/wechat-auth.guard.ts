import { type ExecutionContext, Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { loginReaderOf, type WeChatLoginState } from './wechat-login-request.js';

/** Authenticates a request by its WeChat code. The handler gets the result by `@CurrentLogin()`. */
@Injectable()
export class WeChatAuthGuard extends AuthGuard('wechat') {
  override getAuthenticateOptions(): { property: string; session: boolean } {
    return { property: 'wechatLogin', session: false };
  }

  override canActivate(
    context: ExecutionContext,
  ): ReturnType<InstanceType<ReturnType<typeof AuthGuard>>['canActivate']> {
    const request = context.switchToHttp().getRequest<FastifyRequest & WeChatLoginState>();
    request.wechatLoginRequest = loginReaderOf(context.getHandler())(request);
    return super.canActivate(context);
  }
}
