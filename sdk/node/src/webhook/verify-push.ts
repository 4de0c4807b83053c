import { failure } from '../failure.js';
import { openPush, pushKeyOf } from './push-envelope.js';
import { type SignedRequest, signedBytesOf } from './signed-request.js';

/** A push as it was received, and how to verify and open it. */
export interface PushRequest extends SignedRequest {
  /** EncodingAESKey of the app's push (43 characters). With it only encrypted pushes are taken. */
  readonly aesKey?: string | undefined;
}

/** A push of WeChat that wechat-auth has verified and passed on. */
export interface VerifiedPush {
  /** `webhook-id`: the same whenever this push comes again, and in copies of it. */
  readonly id: string;
  /** JSON or XML, as the app's push is configured at WeChat; decrypted where there is an `aesKey`. */
  readonly message: string;
}

/**
 * Verifies a push that came by WECHAT_PUSH_FORWARD: wechat-auth has signed the raw body (Standard Webhooks 1.0), once
 * WeChat's own signature was right. A push may come more than once. A `MsgId` in JSON has more digits than a number of
 * JavaScript.
 * @throws AuthError WEBHOOK_HEADERS_INVALID, WEBHOOK_TIMESTAMP_INVALID, WEBHOOK_SIGNATURE_INVALID,
 * WEBHOOK_BODY_INVALID (all 401);
 * WEBHOOK_BODY_PARSED, OPTIONS_INVALID for faults of the caller
 */
export function verifyPush({ aesKey, ...request }: PushRequest): VerifiedPush {
  const key = aesKey === undefined ? null : pushKeyOf(aesKey);
  const { id, bytes } = signedBytesOf(request);
  const body = bytes.toString('utf8');
  const message = key ? openPush(body, key) : body;
  if (message === null) {
    throw failure('WEBHOOK_BODY_INVALID', {
      status: 401,
      detail: 'The body is not a push that is encrypted with this aesKey.',
    });
  }
  return { id, message };
}
