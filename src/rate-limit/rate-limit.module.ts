import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AppQuotas, PersonQuotas } from './door-quotas.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { RateLimiter } from './rate-limiter.js';
import { SharedCounts } from './shared-counts.js';

/** Limits per address and per app. Imported before AuthModule: guards run in the order of their modules. */
@Global()
@Module({
  providers: [
    SharedCounts,
    RateLimiter,
    AppQuotas,
    PersonQuotas,
    { provide: APP_GUARD, useClass: RateLimitGuard },
  ],
  exports: [RateLimiter, AppQuotas, PersonQuotas],
})
export class RateLimitModule {}
