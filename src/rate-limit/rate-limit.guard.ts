import { type CanActivate, type ExecutionContext, Injectable, Logger } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { addressGroup } from '../common/ip-address.js';
import { AppConfig } from '../config/app-config.js';
import type { Quota } from './quota.js';
import { ROUTE_QUOTAS, type RouteQuota, type RouteQuotaName } from './quotas.js';
import { RATE_LIMIT } from './rate-limit.decorator.js';
import { RateLimiter } from './rate-limiter.js';
import { requestedApp } from './requested-app.js';

/**
 * Stands before every other guard, so that bad codes, tokens and keys are not free. The address is that of the
 * client, behind TRUSTED_PROXIES only (Fastify's `request.ip`).
 */
@Injectable()
export class RateLimitGuard implements CanActivate {
  private readonly logger = new Logger(RateLimitGuard.name);
  private hasHinted = false;

  constructor(
    private readonly reflector: Reflector,
    private readonly limiter: RateLimiter,
    private readonly config: AppConfig,
  ) {}

  /** @throws AppError RATE_LIMITED */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (!this.config.rateLimits) return true;
    const name = this.reflector.getAllAndOverride<RouteQuotaName | undefined>(RATE_LIMIT, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (name === undefined) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    try {
      await this.limiter.take(this.quotas(name, request), reply);
    } catch (error) {
      this.hintAtProxy(request);
      throw error;
    }
    return true;
  }

  private quotas(name: RouteQuotaName, request: FastifyRequest): Quota[] {
    const { perAddress, perApp }: RouteQuota = ROUTE_QUOTAS[name];
    const ofAddress = { name, limit: perAddress, of: 'address', subject: addressGroup(request.ip) } as const;
    const app = perApp ? requestedApp(this.config.wechat.apps, perApp.defaultKind, request) : null;
    if (!perApp || !app) return [ofAddress];
    return [ofAddress, { name: `${name}-app`, limit: perApp.quota, of: 'app', subject: app.appId }];
  }

  /** Behind a proxy that nobody named, all people are one address: they would be refused without anybody knowing why. */
  private hintAtProxy({ headers, ip, socket }: FastifyRequest): void {
    if (this.hasHinted || headers['x-forwarded-for'] === undefined || ip !== socket.remoteAddress) return;
    this.hasHinted = true;
    this.logger.warn(
      'an address was limited that sends X-Forwarded-For: if it is a proxy of yours, name it in TRUSTED_PROXIES',
    );
  }
}
