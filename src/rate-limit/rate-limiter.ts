import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { LRUCache } from 'lru-cache';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { type Quota, type QuotaWindow, windowOf, WINDOW_MS } from './quotas.js';
import { SharedCounts } from './shared-counts.js';

/** Windows that are remembered as used up: about 10 MB. */
const MAX_SPENT = 50_000;

/** Counts requests against quotas and refuses those that exceed one. */
@Injectable()
export class RateLimiter {
  /**
   * Windows that are used up. The store is not asked about them again, so that a flood costs it nothing, and a request
   * that is refused to its address is not counted for the app, which others use as well. Made with the first of them: it
   * takes its memory at once.
   */
  private spent: LRUCache<string, true> | null = null;

  constructor(
    private readonly counts: SharedCounts,
    private readonly clock: Clock,
  ) {}

  /**
   * Counts one request against each quota, in one round trip, and tells the client what is left.
   * @param reply `null`: the client is told only the error
   * @throws AppError RATE_LIMITED where one of them is used up
   */
  async take(quotas: readonly Quota[], reply: FastifyReply | null): Promise<void> {
    const now = this.clock.now();
    const windows = quotas.map((quota) => windowOf(quota, now));
    const spent = windows.filter(({ key }) => this.spent?.has(key));
    const uses =
      spent.length > 0 ? spent.map(usedUp) : await Promise.all(windows.map((window) => this.count(window)));
    if (reply) sendFields(reply, quotas, uses);
    refuse(uses.filter(({ quota, used }) => used > quota.limit));
  }

  /** Counts one request and does not refuse it; `requireLeft` refuses the next one. */
  async use(quota: Quota): Promise<void> {
    await this.count(windowOf(quota, this.clock.now()));
  }

  /**
   * Refuses a request whose quota is used up, and counts nothing. The client hears of the quota only then.
   * @throws AppError RATE_LIMITED
   */
  async requireLeft(quota: Quota, reply: FastifyReply): Promise<void> {
    const window = windowOf(quota, this.clock.now());
    const used = this.spent?.has(window.key) ? quota.limit : await this.counts.read(window.key);
    if (used < quota.limit) return;
    const use = usedUp(window);
    sendFields(reply, [quota], [use]);
    refuse([use]);
  }

  private async count({ quota, key, endsIn }: QuotaWindow): Promise<QuotaUse> {
    const used = await this.counts.count(key, WINDOW_MS);
    if (used >= quota.limit) (this.spent ??= new LRUCache({ max: MAX_SPENT })).set(key, true);
    return { quota, used, endsIn };
  }
}

function usedUp({ quota, endsIn }: QuotaWindow): QuotaUse {
  return { quota, used: quota.limit + 1, endsIn };
}

/** @throws AppError RATE_LIMITED where a quota is exceeded */
function refuse(exceeded: readonly QuotaUse[]): void {
  const [first] = exceeded;
  if (!first) return;
  const { name, limit, of } = first.quota;
  throw new AppError('RATE_LIMITED', {
    detail: `The quota "${name}" is used up: ${limit} in ${WINDOW_MS / 1_000} s for one ${of}.`,
    retryAfter: first.endsIn,
  });
}

/** How many requests a quota has counted in its window. */
interface QuotaUse {
  readonly quota: Quota;
  /** Requests in the window; those beyond the quota were refused. */
  readonly used: number;
  /** Seconds to the end of the window, at least 1. */
  readonly endsIn: number;
}

const WINDOW_S = WINDOW_MS / 1_000;

/**
 * Tells the client which quotas hold and what is left of them, in the fields `RateLimit-Policy` and `RateLimit` of
 * draft-ietf-httpapi-ratelimit-headers-11 (structured fields, RFC 9651), behind the members that these have already.
 * @param quotas all that hold
 * @param uses of the quotas that were read
 */
function sendFields(reply: FastifyReply, quotas: readonly Quota[], uses: readonly QuotaUse[]): void {
  append(
    reply,
    'RateLimit-Policy',
    quotas.map(({ name, limit }) => `"${name}";q=${limit};w=${WINDOW_S}`),
  );
  const least = Math.min(...uses.map(left));
  append(
    reply,
    'RateLimit',
    uses.map((use) => {
      const { quota, endsIn } = use;
      // Not more of an app's quota than this address could use: others' use of the app stays private (section 6).
      return `"${quota.name}";r=${quota.of === 'app' ? least : left(use)};t=${endsIn}`;
    }),
  );
}

function left({ quota, used }: QuotaUse): number {
  return Math.max(0, quota.limit - used);
}

function append(reply: FastifyReply, field: string, members: readonly string[]): void {
  const before = reply.getHeader(field);
  void reply.header(field, (before === undefined ? members : [String(before), ...members]).join(', '));
}
