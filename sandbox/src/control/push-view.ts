import type { Delivery } from '../push/pushes.js';

/**
 * A push as the control API shows it: `{ id, appId, event|null, state: waiting|delivered|lost|unsent, delivered,
 * createdAt, nextAt|null, tries: [{ at, status|null, contentType|null, body, ms }] }`, times in ISO 8601.
 */
export function viewOfDelivery({ id, message, state, createdAt, nextAt, tries }: Delivery) {
  return {
    id,
    appId: message.appId,
    event: message.event,
    state,
    delivered: state === 'delivered',
    createdAt: iso(createdAt),
    nextAt: nextAt === null ? null : iso(nextAt),
    tries: tries.map(({ at, ...answered }) => ({ at: iso(at), ...answered })),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
