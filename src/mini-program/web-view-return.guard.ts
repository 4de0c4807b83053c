import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ReturnUrls } from '../attempt/return-urls.js';

/**
 * Refuses a forbidden returnTo before the single-use code is exchanged. Validation refuses a value that is
 * not a text.
 */
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
