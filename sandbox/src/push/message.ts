import { createHash, randomBytes } from 'node:crypto';
import { openIdOf } from '../state/ids.js';
import type { PushFields } from './fields.js';

/** What is pushed: the fields without those of one try, and whom they concern. */
export interface PushMessage {
  /** The app whose URL receives it. */
  appId: string;
  /** Null: a message of a person. */
  event: string | null;
  /** The person's. */
  openId: string;
  /** The `openid` of the query. */
  sender: string;
  fields: PushFields;
}

/** What an event is about. */
export interface EventSubject {
  appId: string;
  event: string;
  openId: string;
  unionId: string | null;
  /** Unix seconds. */
  createTime: number;
  revokeInfo?: string | undefined;
}

const ABOUT_AUTHORIZATION = [
  'user_info_modified',
  'user_authorization_revoke',
  'user_authorization_cancellation',
];

/** Events that WeChat itself sends: FromUserName is one account of WeChat (sections 13.4, 15.3). */
const FROM_WECHAT = /^(xpay|minigame|trade_manage)_|^wxa_media_check$/i;

/** An event (sections 6.2, 6.5, 13.4); `more` adds fields and replaces others. */
export function eventMessage(subject: EventSubject, more: PushFields = {}): PushMessage {
  const { appId, event, openId, createTime, revokeInfo } = subject;
  const sender = senderOf(subject);
  const fields = {
    ToUserName: originalIdOf(appId),
    FromUserName: sender,
    CreateTime: createTime,
    MsgType: 'event',
    Event: event,
    ...personFields(subject),
    ...(revokeInfo !== undefined && { RevokeInfo: revokeInfo }),
    ...more,
  };
  return { appId, event, openId, sender, fields };
}

/** A text that a person writes to the account; `msgId` is a 64-bit integer (section 15.3). */
export function textMessage(
  { appId, openId, createTime }: Pick<EventSubject, 'appId' | 'openId' | 'createTime'>,
  { content, msgId }: { content: string; msgId: bigint },
  more: PushFields = {},
): PushMessage {
  const fields = {
    ToUserName: originalIdOf(appId),
    FromUserName: openId,
    CreateTime: createTime,
    MsgType: 'text',
    Content: content,
    MsgId: msgId,
    ...more,
  };
  return { appId, event: null, openId, sender: openId, fields };
}

/** A MsgId as WeChat's are: 64 bits, and more than a JavaScript number holds exactly. */
export function newMsgId(): bigint {
  return 6_000_000_000_000_000_000n + (randomBytes(8).readBigUInt64BE() % 2_000_000_000_000_000_000n);
}

function personFields({ appId, event, openId, unionId }: EventSubject): PushFields {
  if (ABOUT_AUTHORIZATION.includes(event))
    return { OpenID: openId, ...(unionId !== null && { UnionID: unionId }), AppID: appId };
  // xpay_* spells it otherwise (section 15.5).
  return event.startsWith('xpay_') ? { OpenId: openId } : FROM_WECHAT.test(event) ? {} : { EventKey: '' };
}

function senderOf({ event, openId, appId }: EventSubject): string {
  const isWeChat = ABOUT_AUTHORIZATION.includes(event) || FROM_WECHAT.test(event);
  return isWeChat ? openIdOf('wechat push service', appId) : openId;
}

/** The 原始ID of an account: `gh_` and 12 hex digits (section 8). */
function originalIdOf(appId: string): string {
  return 'gh_' + createHash('sha256').update(`original id ${appId}`).digest('hex').slice(0, 12);
}
