import { readText } from '../wechat/wechat-text.js';
import { readableFields } from './push-fields.js';
import type { Push } from './push-message.js';

/**
 * How WeChat repeats a push that is not taken. `three-tries`: three requests in all, whatever the body of the
 * answer (wechat-api-2.md section 15.2). `until-taken`: notices of payment, which want an answer of their own
 * and have a plan of their own (sections 13.4, 13.5). `question`: asked three times, and only the shop can
 * answer it (section 13.4).
 */
export type RetryPlan = 'three-tries' | 'until-taken' | 'question';

/** An answer to WeChat. */
export interface PushAnswer {
  readonly status: number;
  /** As in the header; `null` without one. */
  readonly contentType: string | null;
  readonly body: Buffer;
}

const QUESTION = 'xpay_subscribe_ios_refund_query_notify';
const UNTIL_TAKEN = /^(?:xpay|minigame)_/;

const TEXT = 'text/plain; charset=utf-8';
const XML = 'text/xml; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';

/** How WeChat repeats this push. */
export function retryPlan({ event }: Push): RetryPlan {
  if (event === QUESTION) return 'question';
  return event !== null && UNTIL_TAKEN.test(event) ? 'until-taken' : 'three-tries';
}

/**
 * The answer after which WeChat does not repeat this push, in the push's own format. It is plain in safe mode
 * too. A question has none: `success` would be no answer to it.
 */
export function acknowledgement(push: Push): PushAnswer {
  if (retryPlan(push) !== 'until-taken') return answer(TEXT, 'success');
  return push.format === 'xml'
    ? answer(XML, '<xml><ErrCode>0</ErrCode><ErrMsg><![CDATA[success]]></ErrMsg></xml>')
    : answer(JSON_TYPE, '{"ErrCode":0,"ErrMsg":"success"}');
}

/**
 * Whether a receiver has taken a push by this answer, as WeChat judges it. An encrypted answer to a notice of
 * payment cannot be judged, so it does not count.
 */
export function isTaken(push: Push, answer: PushAnswer): boolean {
  if (retryPlan(push) === 'until-taken') return takesNotice(answer);
  if (answer.status !== 200) return false;
  // What a third-party platform must know (wechat-api-2.md section 18.3); for the rest the status counts.
  return !push.fields.has('InfoType') || readText(answer.body).trim() === 'success';
}

/** The same for a notice of payment, whichever it is. */
export function takesNotice({ status, body }: PushAnswer): boolean {
  return status === 200 && readableFields(readText(body))?.get('ErrCode') === '0';
}

function answer(contentType: string, text: string): PushAnswer {
  return { status: 200, contentType, body: Buffer.from(text) };
}
