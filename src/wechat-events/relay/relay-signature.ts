import { createHmac } from 'node:crypto';

/**
 * Signs the bytes of a push as Standard Webhooks 1.0 does. Its library would read them as UTF-8 first, which changes
 * bytes that are none.
 * @param secret `whsec_` and base64
 * @param timestamp Unix seconds
 */
export function relaySignature(secret: string, id: string, timestamp: number, body: Uint8Array): string {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const mac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
  return `v1,${mac}`;
}
