import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Webhook } from 'standardwebhooks';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { backgroundNames } from '../outgoing/host-names.js';
import { codeOf, HttpClient } from '../outgoing/http-client.js';
import type { WebhookMessage } from './webhook-message.js';
import type { WebhookReceiver } from './webhook-receiver.js';

/** Deadline for the reply of a receiver (ms). */
const DEADLINE_MS = 10_000;
const CONNECT_MS = 5_000;
/** Limits for the body of an answer, which is not used: beyond them its connection is closed (ms, bytes). */
const BODY_MS = 1_000;
const BODY_BYTES = 128 * 1024;
/** The receiver wants no more deliveries (Standard Webhooks, "Successful and failed deliveries"). */
const GONE = 410;

/** Result of a delivery. `stopped`: this side aborted it, so the result is unknown. */
export type WebhookOutcome =
  | { readonly kind: 'delivered' | 'stopped' }
  | { readonly kind: 'refused' | 'failed'; readonly reason: string };

/** Signs and sends a webhook once, as specified by Standard Webhooks 1.0. */
@Injectable()
export class WebhookSender implements OnApplicationShutdown {
  private readonly signers: readonly Webhook[];
  private readonly client = new HttpClient({ lookup: backgroundNames.lookup, connectMs: CONNECT_MS });

  constructor(
    config: AppConfig,
    private readonly clock: Clock,
  ) {
    this.signers = (config.webhooks?.secrets ?? []).map((secret) => new Webhook(secret));
  }

  /**
   * Sends a message. Any 2xx is success. Redirects are not followed, and of the reply only the status is
   * read. Never rejects.
   * @param id id of the event; the same in each attempt
   * @param stopping aborts the request
   */
  async send(
    receiver: WebhookReceiver,
    id: string,
    message: WebhookMessage,
    stopping: AbortSignal,
  ): Promise<WebhookOutcome> {
    const payload = JSON.stringify(message);
    const abort = new AbortController();
    const stop = (): void => abort.abort();
    const timer = setTimeout(stop, DEADLINE_MS);
    stopping.addEventListener('abort', stop);
    try {
      const { statusCode: status, body } = await this.client.send({
        url: new URL(receiver.url),
        method: 'POST',
        headers: this.headers(receiver, id, payload),
        body: payload,
        signal: abort.signal,
      });
      // The connection is used again once the body is read.
      void body.dump({ limit: BODY_BYTES, signal: AbortSignal.timeout(BODY_MS) }).catch(() => undefined);
      if (status >= 200 && status < 300) return { kind: 'delivered' };
      return { kind: status === GONE ? 'refused' : 'failed', reason: `status ${status}` };
    } catch (error) {
      if (stopping.aborted) return { kind: 'stopped' };
      return {
        kind: 'failed',
        reason: abort.signal.aborted ? 'no answer in time' : (codeOf(error) ?? 'unknown'),
      };
    } finally {
      clearTimeout(timer);
      stopping.removeEventListener('abort', stop);
    }
  }

  /** Closes the idle connections. */
  async onApplicationShutdown(): Promise<void> {
    await this.client.close();
  }

  private headers(receiver: WebhookReceiver, id: string, payload: string): Record<string, string> {
    const at = this.clock.date();
    return {
      'content-type': 'application/json',
      'user-agent': 'wechat-auth',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': this.signers.map((signer) => signer.sign(id, at, payload)).join(' '),
      ...(receiver.authorization === null ? {} : { authorization: receiver.authorization }),
    };
  }
}
