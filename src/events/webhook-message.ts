/** What receivers are told of. */
export type WebhookType =
  'user.created' | 'user.updated' | 'user.merged' | 'user.deleted' | 'identity.linked' | 'identity.unlinked';

type Details = Readonly<Record<string, unknown>>;

/** Body of a webhook (Standard Webhooks, "Payload structure"). */
export interface WebhookMessage {
  readonly type: WebhookType;
  /** When it happened: ISO 8601, UTC. */
  readonly timestamp: string;
  /** Ids and names of what changed; never a value that belongs to the person. */
  readonly data: Readonly<Record<string, unknown>> & { readonly userId: string };
}

/** An event as it happened. */
export interface HappenedEvent {
  readonly type: string;
  readonly userId: string | null;
  readonly details: Details;
}

interface Outgoing {
  readonly type: WebhookType;
  /** What of the details goes out, besides the user; `null`: nothing happened that anybody has to know. */
  readonly data: (details: Details) => Details | null;
}

/** By the type of the event. What is not here never goes out. */
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
  // The person closed the WeChat account: it is as gone as one that was unlinked.
  [
    'identity.deleted',
    { type: 'identity.unlinked', data: ({ appId, identityId }) => ({ appId, identityId }) },
  ],
  // WeChat had parts of the profile cleared: whoever copied them has to know.
  ['wechat.user_info_modified', { type: 'user.updated', data: cleared }],
  ['wechat.user_authorization_revoke', { type: 'user.updated', data: cleared }],
]);

/** The types of events that may go out. */
export const OUTGOING_EVENTS: readonly string[] = [...OUTGOING.keys()];

/** Whether receivers are told of an event. */
export function goesOut(event: HappenedEvent): boolean {
  return event.userId !== null && OUTGOING.get(event.type)?.data(event.details) != null;
}

/**
 * What a receiver gets. The details of an event are emptied when its user is deleted; then little more than the user
 * is left to tell.
 * @param createdAt ms
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
