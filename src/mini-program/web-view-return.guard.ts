import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ReturnUrls } from '../attempt/return-urls.js';

/** Refuses a returnTo that is not allowed before a code is spent for it. What is no text, validation refuses. */
@Injectable()
export class WebViewReturnGuard implements CanActivate {
  constructor(private readonly returnUrls: ReturnUrls) {}

  /** @throws AppError RETURN_URL_FORBIDDEN */
  canActivate(context: ExecutionContext): boolean {
    const { body } = context.switchToHttp().getRequest<FastifyRequest>();
    const { returnTo } = (body ?? {}) as { returnTo?: unknown };
    if (typeof returnTo === 'string') this.returnUrls.allowed(returnTo);
    return true;
  }
}
