import type { ErrorCode } from './error-catalogue.js';

/** Events that the metric of pushes names (wechat-api-2.md sections 13.4, 13.5, 15.6), in lower case. */
export const PUSH_EVENTS = [
  'subscribe',
  'unsubscribe',
  'scan',
  'click',
  'view',
  'location',
  'templatesendjobfinish',
  'user_enter_tempsession',
  'wxa_media_check',
  'subscribe_msg_popup_event',
  'subscribe_msg_change_event',
  'subscribe_msg_sent_event',
  'trade_manage_remind_access_api',
  'trade_manage_remind_shipping',
  'trade_manage_order_settlement',
  'xpay_goods_deliver_notify',
  'xpay_coin_pay_notify',
  'xpay_refund_notify',
  'xpay_complaint_notify',
  'xpay_wxpay_callback_notify',
  'xpay_subscribe_signing_result_notify',
  'xpay_subscribe_pay_fail_notify',
  'xpay_subscribe_ios_refund_query_notify',
  'minigame_h5_goods_deliver_notify',
  'minigame_game_pay_goods_deliver_notify',
  'minigame_coin_deliver_completed',
  'user_info_modified',
  'user_authorization_revoke',
  'user_authorization_cancellation',
  'wxa_nickname_audit',
  'weapp_audit_success',
  'weapp_audit_fail',
  'weapp_audit_delay',
  'debug_demo',
] as const;

/**
 * What a push is: an event by its name, `other` for further events, a `message` of a person, an event of a
 * third-party `platform`, or `unread`: refused before it was read, or passed on because it cannot be read.
 */
export const PUSH_LABELS = [...PUSH_EVENTS, 'other', 'message', 'platform', 'unread'] as const;
export type PushLabel = (typeof PUSH_LABELS)[number];

/**
 * What became of a push. `acted`: an event about consent was carried out. `unhandled`: acknowledged, and nobody
 * wants it. With receivers: `answered` by the first one, `repeated` its remembered answer to a repeat, `stored`
 * to be delivered later and not acknowledged, `acknowledged` because it is stored, `unavailable`, neither
 * answered nor stored; `copied` for each receiver of a copy. Otherwise the code with which it was refused.
 */
export type PushOutcome =
  | 'acted'
  | 'unhandled'
  | 'answered'
  | 'repeated'
  | 'stored'
  | 'acknowledged'
  | 'unavailable'
  | 'copied'
  | ErrorCode;
