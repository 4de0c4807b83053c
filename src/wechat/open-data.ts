import { createDecipheriv, createHash, timingSafeEqual } from 'node:crypto';
import { AppError } from '../common/app-error.js';
import { isTooDeep } from '../http/json-depth.js';
import { parseJson, readText } from './wechat-text.js';

/** Encrypted open data as wx.* functions return it, both fields in base64. */
export interface EncryptedOpenData {
  readonly encryptedData: string;
  readonly iv: string;
}

/** What the decrypted data must match. */
export interface OpenDataExpectation {
  readonly appId: string;
  readonly openId: string;
  /** Current time (ms). */
  readonly now: number;
  /** Maximum age (seconds). */
  readonly maxAge: number;
}

/** Decrypted data and the session_key that decrypted it. */
export interface OpenData {
  readonly data: Readonly<Record<string, unknown>>;
  readonly sessionKey: string;
}

/** Tolerated skew of WeChat's clock, if it is ahead of ours (seconds). */
const SKEW_S = 60;
const BLOCK_BYTES = 16;

/**
 * Decrypts open data with the first key that fits (wechat-api.md section 2.2: AES-128-CBC, PKCS#7) and checks
 * its watermark and owner.
 *
 * Every failure to decrypt is the same SESSION_KEY_STALE: to distinguish wrong padding from wrong JSON would
 * be a padding oracle. CBC does not detect changes, so the data is no proof of identity, and a unionId in it
 * is not trusted.
 * @param sessionKeys the current key first
 * @throws AppError SESSION_KEY_STALE, OPEN_DATA_WATERMARK_INVALID, OPEN_DATA_FOREIGN
 */
export function decryptOpenData(
  sessionKeys: readonly string[],
  encrypted: EncryptedOpenData,
  expected: OpenDataExpectation,
): OpenData {
  for (const sessionKey of sessionKeys) {
    const data = decrypt(sessionKey, encrypted);
    if (data === null) continue;
    checkWatermark(data, expected);
    if (isPresent(data.openId) && data.openId !== expected.openId) throw new AppError('OPEN_DATA_FOREIGN');
    return { data, sessionKey };
  }
  throw new AppError('SESSION_KEY_STALE');
}

/**
 * Whether `signature` is the SHA-1 of rawData (byte for byte) followed by the session_key (section 2.1).
 * Constant-time comparison.
 */
export function signatureMatches(rawData: string, signature: string, sessionKey: string): boolean {
  const expected = createHash('sha1').update(rawData, 'utf8').update(sessionKey, 'utf8').digest();
  const given = Buffer.from(signature, 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Decodes base64 in which `+` may have become spaces, because a form was not URL-encoded. */
export function fromBase64(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', '+'), 'base64');
}

function decrypt(
  sessionKey: string,
  { encryptedData, iv }: EncryptedOpenData,
): Record<string, unknown> | null {
  const key = fromBase64(sessionKey);
  const vector = fromBase64(iv);
  const ciphertext = fromBase64(encryptedData);
  if (key.length !== BLOCK_BYTES || vector.length !== BLOCK_BYTES) return null;
  if (ciphertext.length === 0 || ciphertext.length % BLOCK_BYTES !== 0) return null;
  try {
    const decipher = createDecipheriv('aes-128-cbc', key, vector);
    const plaintext = Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    const data = parseJson(readText(plaintext));
    return typeof data === 'object' && data !== null && !Array.isArray(data) && !isTooDeep(data)
      ? (data as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** WeChat uses `undefined`, `null` and `''` for a missing value. */
function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function checkWatermark(data: Readonly<Record<string, unknown>>, expected: OpenDataExpectation): void {
  const watermark: unknown = data.watermark;
  if (typeof watermark !== 'object' || watermark === null) throw invalid('It is missing.');
  const { appid, timestamp } = watermark as { appid?: unknown; timestamp?: unknown };
  if (appid !== expected.appId) throw invalid('The data was made for another app.');
  if (typeof timestamp !== 'number' || !Number.isFinite(timestamp)) throw invalid('It has no time.');
  const age = expected.now / 1000 - timestamp;
  if (age > expected.maxAge || age < -SKEW_S) throw invalid('The data is too old, or from the future.');
}

function invalid(detail: string): AppError {
  return new AppError('OPEN_DATA_WATERMARK_INVALID', { detail });
}
