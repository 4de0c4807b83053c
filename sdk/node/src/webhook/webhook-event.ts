/** The kind of a WeChat app. */
export type AppKind = 'mini_program' | 'website' | 'official_account';

/**
 * What each type of webhook says besides `userId` (docs/webhooks.md). Only `userId` is always there: once a user has
 * been deleted, webhooks that are still under way contain nothing else.
 */
export interface WebhookData {
  /** A person logged in for the first time. */
  'user.created': { readonly appId?: string; readonly appKind?: AppKind };
  /** The profile changed. Read the new values through the API. */
  'user.updated': { readonly changed?: readonly ('nickname' | 'avatar' | 'phoneNumber')[] };
  /** Two users turned out to be one person. Move your data from `mergedUserId` to `userId`. */
  'user.merged': { readonly mergedUserId?: string };
  /** The account was deleted, with those merged into it. Delete your data. */
  'user.deleted': { readonly mergedUserIds?: readonly string[] };
  /** Another WeChat account can log in as this user. */
  'identity.linked': { readonly appId?: string; readonly appKind?: AppKind; readonly identityId?: string };
  /** A WeChat account was removed by the person, or was closed at WeChat. */
  'identity.unlinked': { readonly appId?: string; readonly identityId?: string };
}

export type WebhookType = keyof WebhookData;

interface EventOf<Type extends WebhookType> {
  /** `webhook-id`: the same when an event is sent again. Store it to handle an event once. */
  readonly id: string;
  readonly type: Type;
  /** When it happened: ISO 8601, UTC. Events may come in another order. */
  readonly timestamp: string;
  readonly data: { readonly userId: string } & WebhookData[Type];
}

/** A verified webhook. Later versions may send further types: ignore those that you do not know. */
export type WebhookEvent = { [Type in WebhookType]: EventOf<Type> }[WebhookType];
