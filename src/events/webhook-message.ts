/** The types of webhooks. */
export type WebhookType =
  'user.created' | 'user.updated' | 'user.merged' | 'user.deleted' | 'identity.linked' | 'identity.unlinked';

type Details = Readonly<Record<string, unknown>>;

/** Body of a webhook (Standard Webhooks, "Payload structure"). */
export interface WebhookMessage {
  readonly type: WebhookType;
  /** Time of the event: ISO 8601, UTC. */
  readonly timestamp: string;
  /** Ids and names of what changed; never a value that belongs to the person. */
  readonly data: Readonly<Record<string, unknown>> & { readonly userId: string };
}

/** The part of an event that webhooks need. */
export interface HappenedEvent {
  readonly type: string;
  readonly userId: string | null;
  readonly details: Details;
}

/** Reads an event from its row. */
export function toHappened(row: {
  readonly type: string;
  readonly user_id: string | null;
  readonly details: string;
}): HappenedEvent {
  return { type: row.type, userId: row.user_id, details: JSON.parse(row.details) as Details };
}

interface Outgoing {
  readonly type: WebhookType;
  /** Selects the details that go out besides the user; `null` if nothing changed for a receiver. */
  readonly data: (details: Details) => Details | null;
}

/** Keyed by the type of the event. Other events never go out. */
const OUTGOING = new Map<string, Outgoing>([
  ['user.created', { type: 'user.created', data: ({ appId, appKind }) => ({ appId, appKind }) }],
  ['user.updated', { type: 'user.updated', data: ({ changed }) => ({ changed }) }],
  ['user.merged', { type: 'user.merged', data: ({ mergedUserId }) => ({ mergedUserId }) }],
  ['user.deleted', { type: 'user.deleted', data: ({ mergedUserIds }) => ({ mergedUserIds }) }],
  [
    'identity.linked',
    {
      type: 'identity.linked',
      data: ({ appId, appKind, identityId }) => ({ appId, appKind, identityId }),
    },
  ],
  [
    'identity.unlinked',
    { type: 'identity.unlinked', data: ({ appId, identityId }) => ({ appId, identityId }) },
  ],
  // The person closed the WeChat account. For a receiver that is the same as unlinking it.
  [
    'identity.deleted',
    { type: 'identity.unlinked', data: ({ appId, identityId }) => ({ appId, identityId }) },
  ],
  // WeChat required that parts of the profile be cleared. A receiver may have copied them.
  ['wechat.user_info_modified', { type: 'user.updated', data: cleared }],
  ['wechat.user_authorization_revoke', { type: 'user.updated', data: cleared }],
]);

/** The types of events that may go out. */
export const OUTGOING_EVENTS: readonly string[] = [...OUTGOING.keys()];

/** Whether an event goes out to the receivers. */
export function goesOut(event: HappenedEvent): boolean {
  return event.userId !== null && OUTGOING.get(event.type)?.data(event.details) != null;
}

/**
 * Builds the body for a receiver. Deleting a user empties the details of the user's events; after that the
 * body holds little more than the user's id.
 * @param createdAt milliseconds
 * @returns `null` for an event that does not go out
 */
export function webhookMessage(event: HappenedEvent, createdAt: number): WebhookMessage | null {
  const outgoing = OUTGOING.get(event.type);
  const data = outgoing?.data(event.details);
  if (!outgoing || !data || event.userId === null) return null;
  return {
    type: outgoing.type,
    timestamp: new Date(createdAt).toISOString(),
    data: { userId: event.userId, ...data },
  };
}

function cleared({ cleared: changed }: Details): Details | null {
  return Array.isArray(changed) && changed.length > 0 ? { changed } : null;
}
