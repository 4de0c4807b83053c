import { createCipheriv, createHash, createHmac } from 'node:crypto';

/*
 * Signatures and encryption with a session_key (sections 1.2, 2). The key is the base64 text of 16 bytes: encryption
 * decodes it, both signatures use the text itself.
 */

/** Section 2.2: AES-128-CBC with PKCS#7. `iv` is base64 of 16 bytes; the ciphertext is returned in base64. */
export function encryptOpenData(plaintext: string, sessionKey: string, iv: string): string {
  const cipher = createCipheriv('aes-128-cbc', Buffer.from(sessionKey, 'base64'), Buffer.from(iv, 'base64'));
  return Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]).toString('base64');
}

/** Section 2.1: the `signature` that comes with `rawData`, SHA-1 in lowercase hex. */
export function signRawData(rawData: string, sessionKey: string): string {
  return createHash('sha1')
    .update(rawData + sessionKey)
    .digest('hex');
}

/** Section 1.2: the signature of a login state, HMAC-SHA256 in lowercase hex; over nothing for checksession. */
export function signLoginState(sessionKey: string, message = ''): string {
  return createHmac('sha256', sessionKey).update(message).digest('hex');
}
