import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../common/app-error.js';
import { requestContext } from '../../http/request-context.js';
import { RATE_LIMIT, type RateLimitOfRoute } from '../../rate-limit/rate-limit.decorator.js';
import { ROLE } from './api-key.guard.js';
import { RefusedKeys } from './refused-keys.js';

/**
 * Refuses an invalid X-Api-Key on routes that need no key but treat a valid one specially: the client is
 * exempt from the limit of its address, and its X-Forwarded-For is trusted. So a mistyped key fails at the
 * first request, not when all users behind that service share one limit.
 */
@Injectable()
export class PresentedKeyGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly refused: RefusedKeys,
  ) {}

  /** @throws AppError API_KEY_INVALID, RATE_LIMITED */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (request.headers['x-api-key'] === undefined || requestContext()?.apiKey) return true;
    const handlers = [context.getHandler(), context.getClass()];
    const matters =
      this.reflector.getAllAndOverride<RateLimitOfRoute | undefined>(RATE_LIMIT, handlers) !== undefined;
    const isChecked = this.reflector.getAllAndOverride<string | undefined>(ROLE, handlers) !== undefined;
    if (!matters || isChecked) return true;
    await this.refused.refuse(request, context.switchToHttp().getResponse<FastifyReply>(), null);
    throw new AppError('API_KEY_INVALID');
  }
}
