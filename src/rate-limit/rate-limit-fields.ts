import type { FastifyReply } from 'fastify';
import type { Quota } from './quota.js';
import { WINDOW_MS } from './quotas.js';

/** How far a quota is used up. */
export interface Standing {
  readonly quota: Quota;
  /** May be more than the quota: those were refused. */
  readonly used: number;
  /** Seconds to the end of the window, at least 1. */
  readonly endsIn: number;
}

const WINDOW_S = WINDOW_MS / 1_000;

/**
 * Tells the client which quotas hold and what is left of them, in the fields `RateLimit-Policy` and `RateLimit` of
 * draft-ietf-httpapi-ratelimit-headers-11 (structured fields, RFC 9651), after what these say already.
 * @param quotas all that hold
 * @param standings of those that were looked at
 */
export function sendFields(
  reply: FastifyReply,
  quotas: readonly Quota[],
  standings: readonly Standing[],
): void {
  append(
    reply,
    'RateLimit-Policy',
    quotas.map(({ name, limit }) => `"${name}";q=${limit};w=${WINDOW_S}`),
  );
  const least = Math.min(...standings.map(left));
  append(
    reply,
    'RateLimit',
    standings.map((standing) => {
      const { quota, endsIn } = standing;
      // No more of an app's than this address could use: how busy the app is with others is nobody's business (section 6).
      return `"${quota.name}";r=${quota.of === 'app' ? least : left(standing)};t=${endsIn}`;
    }),
  );
}

function left({ quota, used }: Standing): number {
  return Math.max(0, quota.limit - used);
}

function append(reply: FastifyReply, field: string, members: readonly string[]): void {
  const before = reply.getHeader(field);
  void reply.header(field, (before === undefined ? members : [String(before), ...members]).join(', '));
}
