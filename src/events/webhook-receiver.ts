import { fingerprint } from '../crypto/secret.js';
import type { AppConfig } from '../config/app-config.js';

/** A receiver of webhooks. */
export interface WebhookReceiver {
  /** Fingerprint of the URL, for the tables: the URL may contain a secret. */
  readonly key: string;
  /** Origin of the URL, for logs and events: user, path and query may be secret. */
  readonly name: string;
  /** Without user and password, because an HTTP client refuses a URL that has them. */
  readonly url: string;
  /** User and password of the URL as Basic authorization; `null` if it has none. */
  readonly authorization: string | null;
}

/** Returns the receivers of WEBHOOK_URLS; none if it is not set. */
export function webhookReceivers({ webhooks }: AppConfig): WebhookReceiver[] {
  return (webhooks?.urls ?? []).map(toReceiver);
}

/** Takes the URL of a receiver apart. @param address http or https; a user and password in it are percent-encoded */
export function toReceiver(address: string): WebhookReceiver {
  const url = new URL(address);
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = '';
  url.password = '';
  return {
    key: fingerprint(address),
    name: url.origin,
    url: url.href,
    authorization: user === ':' ? null : `Basic ${Buffer.from(user).toString('base64')}`,
  };
}
