import { Injectable, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../common/app-error.js';
import { addressGroup } from '../common/address-group.js';
import { fingerprint } from '../common/secret.js';
import type { ApiKey } from '../config/app-config.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import { EventLog } from '../events/event-log.js';
import type { Quota } from '../rate-limit/quota.js';
import { API_KEY_GUESSES } from '../rate-limit/quotas.js';
import { RateLimiter } from '../rate-limit/rate-limiter.js';

/** One event in this time for each address: a flood of guesses does not fill the table. */
const RECORD_EVERY_MS = 60_000;

/** Records API keys that were refused, without anything of the key. */
@Injectable()
export class RefusedKeys {
  private readonly logger = new Logger(RefusedKeys.name);

  constructor(
    private readonly limiter: RateLimiter,
    private readonly store: EphemeralStore,
    private readonly events: EventLog,
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
    await this.unlessAway(async () => {
      const mark = `operator-refused:${fingerprint(request.ip)}`;
      if (!(await this.store.setIfAbsent(mark, '1', RECORD_EVERY_MS))) return;
      await this.events.record({
        type: 'operator.refused',
        userId: null,
        actor: key ? `${key.role}:${key.name}` : 'system',
        details: {
          reason: key ? 'service key on a route for operators' : 'unknown key',
          // The pattern of the route, never the address.
          route: `${request.method} ${request.routeOptions.url ?? ''}`,
        },
      });
    });
  }

  private async unlessAway(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.logger.warn({ code: error.code, msg: 'the refusal of an API key is not recorded' });
    }
  }
}

function guesses({ ip }: FastifyRequest): Quota {
  return { name: 'api-key-guesses', limit: API_KEY_GUESSES, of: 'address', subject: addressGroup(ip) };
}
