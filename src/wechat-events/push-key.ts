import { fingerprint } from '../crypto/secret.js';
import type { Push } from './push-message.js';

/** Prefix of the notices of virtual payment (wechat-api-2.md section 13.4). */
const VIRTUAL_PAYMENT = 'xpay_';

/**
 * What tells two notices of virtual payment apart: the number of the order, refund or complaint, and what
 * may be told of one number more than once.
 */
const NUMBERS = ['OutTradeNo', 'MchRefundId', 'WxRefundId', 'MchOrderId', 'WxOrderId', 'ComplaintId'];
const STATES = ['RetCode', 'ComplaintTime'];

/** `Encrypt` differs between two tries of a push, and stands beside the plain fields in compatible mode. */
const OF_ONE_TRY = new Set(['Encrypt']);
const OF_ONE_NOTICE_TRY = new Set(['Encrypt', 'RetryTimes', 'CreateTime']);

/**
 * A fingerprint that all tries of one push share, and no two pushes (section 15.3). FromUserName and
 * CreateTime, which WeChat recommends for events, are not enough: its own notices have one sender, and two
 * orders may be paid in a second. Messages are told apart by their MsgId, notices of virtual payment by their
 * numbers, because `RetryTimes` changes, and the rest by everything in them; what cannot be read by its text.
 */
export function pushKey(appId: string, push: Push): string {
  return fingerprint(JSON.stringify([appId, ...marksOf(push)]));
}

/**
 * Whose pushes are to stay in order: the openid of the person. A notice that names none counts to its sender,
 * which is WeChat; the empty text stands for pushes without a sender.
 */
export function personOf({ openId, fromUserName }: Push): string {
  return openId ?? fromUserName ?? '';
}

function marksOf(push: Push): readonly unknown[] {
  const { event, fields, fromUserName, unread } = push;
  if (unread !== null) return ['unread', unread];
  const msgId = fields.get('MsgId');
  if (event === null) {
    return msgId !== undefined && fromUserName !== null
      ? ['message', fromUserName, msgId]
      : contents(push, OF_ONE_TRY);
  }
  if (!event.startsWith(VIRTUAL_PAYMENT)) return contents(push, OF_ONE_TRY);
  const named = (names: readonly string[]) => names.map((name) => fields.get(name) ?? null);
  const numbers = named(NUMBERS);
  return numbers.every((number) => number === null)
    ? contents(push, OF_ONE_NOTICE_TRY)
    : [event, fields.get('Env') ?? null, push.openId, ...numbers, ...named(STATES)];
}

/** Everything in a push but these members, whatever their order. */
function contents({ members }: Push, except: ReadonlySet<string>): readonly unknown[] {
  return [...members].filter(([name]) => !except.has(name)).sort(([a], [b]) => (a < b ? -1 : 1));
}
