import { createDecipheriv } from 'node:crypto';
import { optionsInvalid } from '../options.js';

/** Lengths of AES-256-CBC as WeChat uses it (wechat-api.md section 6.3), in bytes. */
const IV = 16;
const BLOCK = 32;
/** Random bytes and the length of the message come before it. */
const RANDOM = 16;
const HEADING = RANDOM + 4;

/** The key of EncodingAESKey. @throws AuthError OPTIONS_INVALID */
export function pushKeyOf(aesKey: string): Buffer {
  if (/^[A-Za-z0-9+/]{43}$/.test(aesKey)) return Buffer.from(`${aesKey}=`, 'base64');
  throw optionsInvalid('aesKey must be the EncodingAESKey of the push (43 characters)');
}

/**
 * Decrypts a push whose body is authentic. The AppID at its end is that of the app or of its third-party platform, and
 * wechat-auth has compared it.
 * @returns `null` for anything that is not encrypted with this key
 */
export function openPush(body: string, key: Buffer): string | null {
  const bytes = Buffer.from(encryptedIn(body), 'base64');
  if (bytes.length === 0 || bytes.length % BLOCK !== 0) return null;
  const decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, IV)).setAutoPadding(false);
  const padded = Buffer.concat([decipher.update(bytes), decipher.final()]);
  const content = padded.subarray(0, padded.length - (padded.at(-1) ?? 0));
  if (content.length < HEADING) return null;
  const end = HEADING + content.readUInt32BE(RANDOM);
  return end < content.length ? content.toString('utf8', HEADING, end) : null;
}

/** `Encrypt` of a body in JSON or XML; empty where there is none. */
function encryptedIn(body: string): string {
  if (!body.trimStart().startsWith('{')) {
    return /<Encrypt>\s*(?:<!\[CDATA\[)?([A-Za-z0-9+/=]+)/.exec(body)?.[1] ?? '';
  }
  try {
    const { Encrypt } = JSON.parse(body) as { readonly Encrypt?: unknown };
    return typeof Encrypt === 'string' ? Encrypt : '';
  } catch {
    return '';
  }
}
