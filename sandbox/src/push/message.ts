import { createHash } from 'node:crypto';
import { openIdOf } from '../state/ids.js';
import { rawJson } from '../web/raw-json.js';

/** XML or JSON, as the account is configured at WeChat. */
export const FORMATS = ['xml', 'json'] as const;
export type PushFormat = (typeof FORMATS)[number];

/** The fields of a push in their order; numbers stay numbers in JSON. */
export type PushFields = Record<string, string | number>;

/** What a push is about. */
export interface PushSubject {
  appId: string;
  event: string;
  openId: string;
  unionId: string | null;
  /** Unix seconds. */
  createTime: number;
  revokeInfo: string | undefined;
}

const ABOUT_AUTHORIZATION = [
  'user_info_modified',
  'user_authorization_revoke',
  'user_authorization_cancellation',
];

/** The sender: the person, or WeChat's push service for events about the person (sections 6.2, 6.5). */
export function senderOf({ event, openId, appId }: PushSubject): string {
  return ABOUT_AUTHORIZATION.includes(event) ? openIdOf('wechat push service', appId) : openId;
}

/** The fields of an event (sections 6.2, 6.5). */
export function eventFields(subject: PushSubject): PushFields {
  const { appId, event, openId, unionId, createTime, revokeInfo } = subject;
  return {
    ToUserName: originalIdOf(appId),
    FromUserName: senderOf(subject),
    CreateTime: createTime,
    MsgType: 'event',
    Event: event,
    ...(ABOUT_AUTHORIZATION.includes(event)
      ? { OpenID: openId, ...(unionId !== null && { UnionID: unionId }), AppID: appId }
      : { EventKey: '' }),
    ...(revokeInfo !== undefined && { RevokeInfo: revokeInfo }),
  };
}

/** The fields as a body. In XML, text is in CDATA. */
export function write(fields: PushFields, format: PushFormat): string {
  if (format === 'json') return rawJson(fields);
  const lines = Object.entries(fields).map(
    ([name, value]) => `<${name}>${typeof value === 'number' ? value : `<![CDATA[${value}]]>`}</${name}>`,
  );
  return ['<xml>', ...lines, '</xml>'].join('\n');
}

/** The 原始ID of an account: `gh_` and 12 hex digits (section 8). */
function originalIdOf(appId: string): string {
  return 'gh_' + createHash('sha256').update(`original id ${appId}`).digest('hex').slice(0, 12);
}
