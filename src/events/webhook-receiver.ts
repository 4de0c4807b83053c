import { fingerprint } from '../crypto/secret.js';
import type { AppConfig } from '../config/app-config.js';

/** Where webhooks go to. */
export interface WebhookReceiver {
  /** Stands for the URL in the tables. */
  readonly key: string;
  /** For logs and events: without user, path and query, which may be secret. */
  readonly name: string;
  /** Without user and password: fetch refuses such a URL. */
  readonly url: string;
  /** Those, as Basic authorization; `null` where the URL has none. */
  readonly authorization: string | null;
}

/** The receivers of WEBHOOK_URLS; none where it is not set. */
export function webhookReceivers({ webhooks }: AppConfig): WebhookReceiver[] {
  return (webhooks?.urls ?? []).map((address) => {
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
  });
}
