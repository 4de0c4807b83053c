import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import { APP_QUOTAS, type AppQuotaName } from './quotas.js';
import { RateLimiter } from './rate-limiter.js';

/** Quotas of an app for doors: which app it is stands in no request, or what is counted happens in few of them. */
@Injectable()
export class AppQuotas {
  constructor(
    private readonly limiter: RateLimiter,
    private readonly config: AppConfig,
  ) {}

  /**
   * Counts one more for an app, before it is done.
   * @param appId of an app of the environment
   * @throws AppError RATE_LIMITED
   */
  async take(name: AppQuotaName, appId: string): Promise<void> {
    if (!this.config.rateLimits.on) return;
    await this.limiter.take([{ name, limit: APP_QUOTAS[name], of: 'app', subject: appId }], null);
  }
}
