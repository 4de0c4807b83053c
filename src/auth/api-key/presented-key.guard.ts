import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../common/app-error.js';
import { requestContext } from '../../http/request-context.js';
import { RouteMetadata } from '../../http/route-metadata.js';
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
  private readonly limits: RouteMetadata<RateLimitOfRoute>;
  private readonly roles: RouteMetadata<string>;

  constructor(
    reflector: Reflector,
    private readonly refused: RefusedKeys,
  ) {
    this.limits = new RouteMetadata(reflector, RATE_LIMIT);
    this.roles = new RouteMetadata(reflector, ROLE);
  }

  /** @throws AppError API_KEY_INVALID, RATE_LIMITED */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (request.headers['x-api-key'] === undefined || requestContext()?.apiKey) return true;
    const matters = this.limits.of(context) !== undefined;
    const isChecked = this.roles.of(context) !== undefined;
    if (!matters || isChecked) return true;
    return this.refuse(request, context.switchToHttp().getResponse<FastifyReply>());
  }

  private async refuse(request: FastifyRequest, reply: FastifyReply): Promise<never> {
    await this.refused.refuse(request, reply, null);
    throw new AppError('API_KEY_INVALID');
  }
}
