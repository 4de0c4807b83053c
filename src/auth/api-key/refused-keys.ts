import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { addressGroup } from '../../http/ip-address.js';
import type { GivenKey } from '../../http/request-context.js';
import { Refusals } from '../../events/refusals.js';
import { type Quota, API_KEY_GUESSES } from '../../rate-limit/quotas.js';
import { RateLimiter } from '../../rate-limit/rate-limiter.js';

/** Records refused API keys, without any part of the key. */
@Injectable()
export class RefusedKeys {
  constructor(
    private readonly limiter: RateLimiter,
    private readonly refusals: Refusals,
  ) {}

  /**
   * Counts a refusal for its address and records it. A failure to record does not admit the key. After 30
   * refusals within a minute, further ones are not recorded, even with RATE_LIMITS=off. Only refused keys
   * count: a valid key from the same address is never locked out.
   * @param key the key whose role was not sufficient; `null` for an unknown key
   * @throws AppError RATE_LIMITED
   */
  async refuse(request: FastifyRequest, reply: FastifyReply, key: GivenKey | null): Promise<void> {
    await this.limiter.requireLeft(guesses(request), reply);
    await this.limiter.use(guesses(request));
    await this.refusals.recordFirst({
      type: 'operator.refused',
      userId: null,
      actor: key ? `${key.role}:${key.name}` : 'system',
      details: {
        reason: key ? 'service key on a route for operators' : 'unknown key',
        // The route's pattern, because the URL may contain personal data.
        route: `${request.method} ${request.routeOptions.url ?? ''}`,
      },
    });
  }
}

function guesses({ ip }: FastifyRequest): Quota {
  return { name: 'api-key-guesses', limit: API_KEY_GUESSES, of: 'address', subject: addressGroup(ip) };
}
