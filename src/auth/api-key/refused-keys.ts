import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { addressGroup } from '../../http/ip-address.js';
import type { GivenKey } from '../../http/request-context.js';
import { Refusals } from '../../events/refusals.js';
import { type Quota, API_KEY_GUESSES } from '../../rate-limit/quotas.js';
import { RateLimiter } from '../../rate-limit/rate-limiter.js';

/** Records API keys that were refused, without anything of the key. */
@Injectable()
export class RefusedKeys {
  constructor(
    private readonly limiter: RateLimiter,
    private readonly refusals: Refusals,
  ) {}

  /**
   * Counts a refusal for its address, and records it; one that cannot be recorded is refused all the same. After 30
   * within a minute the rest of them is refused without a word in the events, whether RATE_LIMITS is on or off. Only
   * refused keys come here: a good one from the same address is never counted, and never locked out.
   * @param key the key whose role was not enough; `null` for one that is unknown
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
        // The pattern of the route, never the address.
        route: `${request.method} ${request.routeOptions.url ?? ''}`,
      },
    });
  }
}

function guesses({ ip }: FastifyRequest): Quota {
  return { name: 'api-key-guesses', limit: API_KEY_GUESSES, of: 'address', subject: addressGroup(ip) };
}
