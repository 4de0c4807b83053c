import { type SignedRequest, signedBytesOf } from './signed-request.js';

/** A push of WeChat that wechat-auth has verified and passed on. */
export interface VerifiedPush {
  /** `webhook-id`: the same whenever this push comes again, and in copies of it. */
  readonly id: string;
  /** The body as WeChat has sent it: JSON or XML, in safe mode with `Encrypt`. */
  readonly body: string;
}

/**
 * Verifies a push that came by WECHAT_PUSH_FORWARD: wechat-auth has signed the raw body (Standard Webhooks 1.0), once
 * WeChat's own signature was right. A push may come more than once. A `MsgId` in JSON has more digits than a number of
 * JavaScript.
 * @throws AuthError WEBHOOK_HEADERS_INVALID, WEBHOOK_TIMESTAMP_INVALID, WEBHOOK_SIGNATURE_INVALID (all 401);
 * WEBHOOK_BODY_PARSED, OPTIONS_INVALID for faults of the caller
 */
export function verifyPush(request: SignedRequest): VerifiedPush {
  const { id, bytes } = signedBytesOf(request);
  return { id, body: bytes.toString('utf8') };
}
