import { createCipheriv, createHash, randomBytes } from 'node:crypto';

const PAD_TO = 32;

/** SHA-1 over the sorted and concatenated texts, in hex: signature and msg_signature (section 6.3). */
export function signPush(...texts: string[]): string {
  const sorted = [...texts].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return createHash('sha1').update(sorted.join(''), 'utf8').digest('hex');
}

/**
 * The `Encrypt` of a push: AES-256-CBC over 16 random characters, the length of the message (4 bytes, big
 * endian), the message and the AppID, padded to 32 bytes (section 6.3).
 */
export function encryptPush(message: string, appId: string, encodingAesKey: string): string {
  const key = Buffer.from(encodingAesKey + '=', 'base64');
  const bytes = Buffer.from(message, 'utf8');
  const head = Buffer.from(randomBytes(8).toString('hex') + '\0\0\0\0');
  head.writeInt32BE(bytes.length, 16);
  const filled = Buffer.concat([head, bytes, Buffer.from(appId)]);
  const missing = PAD_TO - (filled.length % PAD_TO);
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16));
  cipher.setAutoPadding(false);
  return cipher.update(Buffer.concat([filled, Buffer.alloc(missing, missing)])).toString('base64');
}
