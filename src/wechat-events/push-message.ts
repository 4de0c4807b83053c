import { AppError } from '../common/app-error.js';
import { fingerprint } from '../crypto/secret.js';
import {
  fieldsOf,
  formatOf,
  type PushFields,
  type PushFormat,
  type PushMembers,
  readPushMembers,
} from './push-fields.js';

/**
 * The fields of a push that this service reads (wechat-api.md sections 6.2, 6.5); `null` if absent or empty.
 */
export interface PushMessage {
  /** In lower case, because WeChat's own documentation varies. `null` for messages, which are no events. */
  readonly event: string | null;
  readonly appId: string | null;
  /** The person that a notice of WeChat concerns: `OpenID` in section 6.5, `OpenId` in section 13.4. */
  readonly openId: string | null;
  /** The sender: a person or WeChat's push service. */
  readonly fromUserName: string | null;
  /** Unix seconds, as sent. */
  readonly createTime: string | null;
  readonly revokeInfo: string | null;
}

/** A push as a whole, for those that pass it on. */
export interface Push extends PushMessage {
  readonly format: PushFormat;
  readonly fields: PushFields;
  readonly members: PushMembers;
  /** Fingerprint of the text of a push that cannot be read, which then has no fields; else `null`. */
  readonly unread: string | null;
}

/**
 * Reads a push that is not encrypted, or no longer.
 * @throws AppError PUSH_MALFORMED
 */
export function readPush(text: string): Push {
  const members = readPushMembers(text);
  const fields = fieldsOf(members);
  return { ...toPushMessage(fields), format: formatOf(text), fields, members, unread: null };
}

/** The same; `null` for what {@link readPush} refuses. */
export function readablePush(text: string): Push | null {
  try {
    return readPush(text);
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}

/**
 * A push that {@link readPush} refuses. It is WeChat's by its signature, and its receiver may read more than this
 * service does.
 */
export function unreadPush(text: string): Push {
  const fields: PushFields = new Map();
  const format = formatOf(text);
  return { ...toPushMessage(fields), format, fields, members: fields, unread: fingerprint(text) };
}

/** Builds a push from its fields. */
export function toPushMessage(fields: PushFields): PushMessage {
  const field = (name: string): string | null => fields.get(name) ?? null;
  return {
    event: field('MsgType')?.toLowerCase() === 'event' ? (field('Event')?.toLowerCase() ?? null) : null,
    appId: field('AppID'),
    openId: field('OpenID') ?? field('OpenId'),
    fromUserName: field('FromUserName'),
    createTime: field('CreateTime'),
    revokeInfo: field('RevokeInfo'),
  };
}
