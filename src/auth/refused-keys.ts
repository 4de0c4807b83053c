import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { addressGroup } from '../common/ip-address.js';
import type { ApiKey } from '../config/app-config.js';
import { Refusals } from '../events/refusals.js';
import type { Quota } from '../rate-limit/quota.js';
import { API_KEY_GUESSES } from '../rate-limit/quotas.js';
import { RateLimiter } from '../rate-limit/rate-limiter.js';

/** Records API keys that were refused, without anything of the key. */
@Injectable()
export class RefusedKeys {
  constructor(
    private readonly limiter: RateLimiter,
    private readonly refusals: Refusals,
  ) {}

  /**
   * Lets no address guess on and on: after 30 refusals within a minute none of its keys is looked at for the rest of
   * that minute, whether RATE_LIMITS is on or off.
   * @throws AppError RATE_LIMITED
   */
  async refuseGuessing(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await this.limiter.requireLeft(guesses(request), reply);
  }

  /**
   * Records a refusal. One that cannot be recorded is refused all the same.
   * @param key the key whose role was not enough; `null` for one that is unknown
   */
  async record(request: FastifyRequest, key: ApiKey | null): Promise<void> {
    await this.limiter.use(guesses(request));
    await this.refusals.record({
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
