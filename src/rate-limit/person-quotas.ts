import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { AppConfig } from '../config/app-config.js';
import { PERSON_QUOTAS, type PersonQuotaName } from './quotas.js';
import { RateLimiter } from './rate-limiter.js';

/** Quotas of a person, for routes that are dear: who it is is known only behind the guard of the address. */
@Injectable()
export class PersonQuotas {
  constructor(
    private readonly limiter: RateLimiter,
    private readonly config: AppConfig,
  ) {}

  /**
   * Counts one more for a person, before it is done.
   * @throws AppError RATE_LIMITED
   */
  async take(name: PersonQuotaName, userId: string, reply: FastifyReply): Promise<void> {
    if (!this.config.rateLimits.on) return;
    await this.limiter.take([{ name, limit: PERSON_QUOTAS[name], of: 'person', subject: userId }], reply);
  }
}
