import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

const PAD_TO = 32;
/** 16 random characters and the length of the message. */
const HEAD = 20;

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

/** The message in the `Encrypt` of a receiver's answer; null if it cannot be read. The AppID is not compared. */
export function decryptPush(encrypted: string, encodingAesKey: string): string | null {
  const key = Buffer.from(encodingAesKey + '=', 'base64');
  try {
    const decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
    const plain = Buffer.concat([decipher.update(encrypted, 'base64'), decipher.final()]);
    const end = HEAD + plain.readUInt32BE(16);
    return end <= plain.length ? plain.subarray(HEAD, end).toString('utf8') : null;
  } catch {
    return null;
  }
}
