import type { AppConfig } from '../../config/app-config.js';
import { fingerprint } from '../../crypto/secret.js';
import { toReceiver, type WebhookReceiver } from '../../events/webhook-receiver.js';

/** A receiver of the pushes of one app. The same URL for another app is another receiver. */
export interface RelayReceiver extends WebhookReceiver {
  readonly appId: string;
}

/** Returns the receivers of WECHAT_PUSH_FORWARD in its order; none if it is not set. */
export function relayReceivers({ wechat }: AppConfig): RelayReceiver[] {
  return wechat.pushForward.receivers.map(({ appId, url }) => ({
    ...toReceiver(url),
    key: fingerprint(`${appId}\n${url}`),
    appId,
  }));
}
