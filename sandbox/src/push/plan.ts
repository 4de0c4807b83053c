/** When WeChat sends a push again, and what it takes as an answer. */
export interface RetryPlan {
  /** Seconds between a try and the next one; after the last try the push is lost. */
  readonly waits: readonly number[];
  /** `status`: HTTP 200 is enough (section 15.2). `errcode`: it takes `ErrCode` 0 in the body (section 13.4). */
  readonly takes: 'status' | 'errcode';
}

/** Three tries in all, one right after the other (section 15.2). */
const USUAL: RetryPlan = { waits: [0, 0], takes: 'status' };

/** At 2, 4, 8, 16 … s, at most 15 times (section 13.4). */
const VIRTUAL_PAYMENT: RetryPlan = {
  waits: Array.from({ length: 15 }, (_, at) => 2 ** (at + 1)),
  takes: 'errcode',
};

const MINUTE = 60;
const HOUR = 3600;

/** Section 13.5. */
const MINI_GAME: RetryPlan = {
  waits: [
    ...[15, 15, 30],
    ...[3, 10, 20, 30, 30, 30, 60].map((minutes) => minutes * MINUTE),
    ...[3, 3, 3, 6, 6].map((hours) => hours * HOUR),
  ],
  takes: 'errcode',
};

/** The plan of a message (null) or an event. */
export function planOf(event: string | null): RetryPlan {
  // A question, whose answer is the receiver's own; asked three times (section 13.4).
  if (event === null || event === 'xpay_subscribe_ios_refund_query_notify') return USUAL;
  if (event.startsWith('xpay_')) return VIRTUAL_PAYMENT;
  return event.startsWith('minigame_') ? MINI_GAME : USUAL;
}
