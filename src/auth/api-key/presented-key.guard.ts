import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../common/app-error.js';
import { requestContext } from '../../http/request-context.js';
import { RATE_LIMIT } from '../../rate-limit/rate-limit.decorator.js';
import { ROLE } from './api-key.guard.js';
import { RefusedKeys } from './refused-keys.js';

/**
 * Refuses a wrong X-Api-Key on the routes that need none, but treat a program with a good one differently: no limit of
 * its address, and its X-Forwarded-For counts. A program with a mistyped key hears of it with its first request, not
 * when everybody behind it is limited as one.
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
    const matters = this.reflector.getAllAndOverride<string | undefined>(RATE_LIMIT, handlers) !== undefined;
    const isChecked = this.reflector.getAllAndOverride<string | undefined>(ROLE, handlers) !== undefined;
    if (!matters || isChecked) return true;
    await this.refused.refuse(request, context.switchToHttp().getResponse<FastifyReply>(), null);
    throw new AppError('API_KEY_INVALID');
  }
}
