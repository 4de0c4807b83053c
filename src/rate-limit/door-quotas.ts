import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { AppConfig } from '../config/app-config.js';
import { APP_QUOTAS, type AppQuotaName, PERSON_QUOTAS, type PersonQuotaName } from './quotas.js';
import { RateLimiter } from './rate-limiter.js';

/** Quotas of an app that a door counts itself: the request does not name the app, or few requests cause the work. */
@Injectable()
export class AppQuotas {
  constructor(
    private readonly limiter: RateLimiter,
    private readonly config: AppConfig,
  ) {}

  /**
   * Counts one operation of an app before it is done.
   * @param appId of an app of the environment
   * @throws AppError RATE_LIMITED
   */
  async take(name: AppQuotaName, appId: string): Promise<void> {
    if (!this.config.rateLimits.on) return;
    await this.limiter.take([{ name, limit: APP_QUOTAS[name], of: 'app', subject: appId }], null);
  }
}

/** Quotas of a person for costly routes: the person is known only after the guard has counted the address. */
@Injectable()
export class PersonQuotas {
  constructor(
    private readonly limiter: RateLimiter,
    private readonly config: AppConfig,
  ) {}

  /**
   * Counts one operation of a person before it is done.
   * @throws AppError RATE_LIMITED
   */
  async take(name: PersonQuotaName, userId: string, reply: FastifyReply): Promise<void> {
    if (!this.config.rateLimits.on) return;
    await this.limiter.take([{ name, limit: PERSON_QUOTAS[name], of: 'person', subject: userId }], reply);
  }
}
