import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { secretsEqual } from '../crypto/secret.js';
import { readText } from './wechat-text.js';

const BLOCK_BYTES = 32;
const RANDOM_BYTES = 16;
const HEADER_BYTES = RANDOM_BYTES + 4;

/**
 * WeChat signs the concatenated parts without a separator. Fixed formats keep a part of one from passing as a
 * part of another: otherwise one signature would be valid for a second (timestamp, nonce).
 */
const TIMESTAMP = /^[1-9]\d{9}$/;
const NONCE = /^[A-Za-z0-9_-]{1,64}$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Timestamp and nonce from the URL of a push. */
export interface PushStamp {
  /** Seconds since the Unix epoch, ten digits. */
  readonly timestamp: string;
  readonly nonce: string;
}

/** The push settings of one app, as entered at WeChat. */
export interface PushSecrets {
  readonly token: string;
  /** 32 bytes: the decoded EncodingAESKey. */
  readonly aesKey: Buffer;
  readonly appId: string;
}

/**
 * SHA-1 over the sorted parts, 40 hex digits: `signature`, or with the ciphertext `msg_signature` (section
 * 6.3).
 */
export function pushSignature(token: string, { timestamp, nonce }: PushStamp, encrypted?: string): string {
  const parts = [token, timestamp, nonce, ...(encrypted === undefined ? [] : [encrypted])];
  return createHash('sha1').update(parts.sort().join('')).digest('hex');
}

/**
 * Whether a signature is WeChat's. Constant-time comparison.
 * @param encrypted the ciphertext, for a `msg_signature`
 */
export function isPushSignature(
  signature: string,
  token: string,
  stamp: PushStamp,
  encrypted?: string,
): boolean {
  const wellFormed = TIMESTAMP.test(stamp.timestamp) && NONCE.test(stamp.nonce);
  return secretsEqual(signature, pushSignature(token, stamp, encrypted)) && wellFormed;
}

/**
 * Decrypts a push (section 6.3). Its `msg_signature` must have been verified before: AES-CBC alone does not
 * detect a changed message.
 * @param encrypted base64
 * @param platforms appids that may end the push instead of the app's: those of third-party platforms (V16)
 * @returns `null` for anything that is not a message to this app under this key; the reason is not revealed
 */
export function decryptPush(
  encrypted: string,
  { aesKey, appId }: Omit<PushSecrets, 'token'>,
  platforms: readonly string[] = [],
): string | null {
  const bytes = BASE64.test(encrypted) ? Buffer.from(encrypted, 'base64') : Buffer.alloc(0);
  if (bytes.length === 0 || bytes.length % BLOCK_BYTES !== 0) return null;
  const decipher = createDecipheriv('aes-256-cbc', aesKey, aesKey.subarray(0, 16)).setAutoPadding(false);
  const content = unpad(Buffer.concat([decipher.update(bytes), decipher.final()]));
  if (content === null || content.length < HEADER_BYTES) return null;
  const end = HEADER_BYTES + content.readUInt32BE(RANDOM_BYTES);
  // A length that is too large leaves no bytes for the AppID, so no comparison succeeds.
  const trailer = content.subarray(end);
  if (![appId, ...platforms].some((each) => trailer.equals(Buffer.from(each)))) return null;
  return readText(content.subarray(HEADER_BYTES, end));
}

/**
 * Encrypts a message as WeChat does, for a reply (section 6.3).
 * @param random 16 bytes
 * @returns base64
 */
export function encryptPush(
  message: string,
  { aesKey, appId }: Omit<PushSecrets, 'token'>,
  random = randomBytes(RANDOM_BYTES),
): string {
  const text = Buffer.from(message);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  const content = Buffer.concat([random, length, text, Buffer.from(appId)]);
  const padding = BLOCK_BYTES - (content.length % BLOCK_BYTES);
  const cipher = createCipheriv('aes-256-cbc', aesKey, aesKey.subarray(0, 16)).setAutoPadding(false);
  return Buffer.concat([
    cipher.update(content),
    cipher.update(Buffer.alloc(padding, padding)),
    cipher.final(),
  ]).toString('base64');
}

/** Removes PKCS#7 padding to blocks of 32 bytes, which node:crypto does not support. */
function unpad(padded: Buffer): Buffer | null {
  const padding = padded.at(-1) ?? 0;
  if (padding < 1 || padding > BLOCK_BYTES) return null;
  const end = padded.length - padding;
  return padded.subarray(end).every((byte) => byte === padding) ? padded.subarray(0, end) : null;
}
