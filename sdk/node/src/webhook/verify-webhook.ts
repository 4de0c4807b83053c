import type { AuthError } from '../../../shared/auth-error.js';
import { failure } from '../failure.js';
import { type SignedRequest, signedBytesOf } from './signed-request.js';
import type { WebhookEvent } from './webhook-event.js';

/** A webhook as it was received, and how to verify it. */
export type WebhookRequest = SignedRequest;

/**
 * Verifies a webhook (Standard Webhooks 1.0) and returns its event. An event may come more than once: handle each `id`
 * once.
 * @throws AuthError WEBHOOK_HEADERS_INVALID, WEBHOOK_TIMESTAMP_INVALID, WEBHOOK_SIGNATURE_INVALID,
 * WEBHOOK_BODY_INVALID (all 401);
 * WEBHOOK_BODY_PARSED, OPTIONS_INVALID for faults of the caller
 */
export function verifyWebhook(request: WebhookRequest): WebhookEvent {
  const { id, bytes } = signedBytesOf(request);
  return { ...eventOf(bytes.toString('utf8')), id };
}

/** What another sender with this secret has signed is not an event. */
function eventOf(text: string): WebhookEvent {
  let event: Partial<WebhookEvent> | null = null;
  try {
    event = JSON.parse(text) as Partial<WebhookEvent> | null;
  } catch {
    // As an event without data.
  }
  if (typeof event?.type === 'string' && typeof event.data?.userId === 'string') return event as WebhookEvent;
  throw refused('The body is not an event of wechat-auth.');
}

function refused(detail: string): AuthError {
  return failure('WEBHOOK_BODY_INVALID', { status: 401, detail });
}
