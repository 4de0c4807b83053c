import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { LRUCache } from 'lru-cache';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { type Quota, type QuotaWindow, windowOf } from './quota.js';
import { WINDOW_MS } from './quotas.js';
import { sendFields, type Standing } from './rate-limit-fields.js';
import { SharedCounts } from './shared-counts.js';

/** Windows remembered as used up: some 10 MB. */
const MAX_SPENT = 50_000;

/** Counts what is done against quotas, and refuses what goes beyond. */
@Injectable()
export class RateLimiter {
  /**
   * Windows that are used up. Nobody is asked about them again: a flood costs the store nothing, and what is refused
   * to its address is not counted for the app, which others use too.
   */
  private readonly spent = new LRUCache<string, true>({ max: MAX_SPENT });

  constructor(
    private readonly counts: SharedCounts,
    private readonly clock: Clock,
  ) {}

  /**
   * Counts one more against each of the quotas, all in one round trip, and tells the client what is left.
   * @param reply `null`: the client is told nothing but the error
   * @throws AppError RATE_LIMITED where one of them is used up
   */
  async take(quotas: readonly Quota[], reply: FastifyReply | null): Promise<void> {
    const now = this.clock.now();
    const windows = quotas.map((quota) => windowOf(quota, now));
    const spent = windows.filter(({ key }) => this.spent.has(key));
    const standings =
      spent.length > 0 ? spent.map(beyond) : await Promise.all(windows.map((window) => this.count(window)));
    if (reply) sendFields(reply, quotas, standings);
    refuse(standings.filter(({ quota, used }) => used > quota.limit));
  }

  /** Counts one more without refusing it: `requireLeft` does, the next time. */
  async use(quota: Quota): Promise<void> {
    await this.count(windowOf(quota, this.clock.now()));
  }

  /**
   * Lets nobody by whose quota is used up, and counts nothing; the client is told only then.
   * @throws AppError RATE_LIMITED
   */
  async requireLeft(quota: Quota, reply: FastifyReply): Promise<void> {
    const window = windowOf(quota, this.clock.now());
    const used = this.spent.has(window.key) ? quota.limit : await this.counts.read(window.key);
    if (used < quota.limit) return;
    const standing = beyond(window);
    sendFields(reply, [quota], [standing]);
    refuse([standing]);
  }

  private async count({ quota, key, endsIn }: QuotaWindow): Promise<Standing> {
    const used = await this.counts.count(key, WINDOW_MS);
    if (used >= quota.limit) this.spent.set(key, true);
    return { quota, used, endsIn };
  }
}

function beyond({ quota, endsIn }: QuotaWindow): Standing {
  return { quota, used: quota.limit + 1, endsIn };
}

/** @throws AppError RATE_LIMITED where there is one */
function refuse(exceeded: readonly Standing[]): void {
  const [first] = exceeded;
  if (!first) return;
  const { name, limit, of } = first.quota;
  throw new AppError('RATE_LIMITED', {
    detail: `The quota "${name}" is used up: ${limit} in ${WINDOW_MS / 1_000} s for one ${of}.`,
    retryAfter: first.endsIn,
  });
}
