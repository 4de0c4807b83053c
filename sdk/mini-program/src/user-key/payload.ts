import { additionalData, NONCE_LENGTH, partsOfSealed, sealedText } from '../../../shared/sealed-payload.js';
import { decrypt, encrypt } from './aes-gcm.js';
import { base64UrlOf, bytesOfBase64 } from './base64.js';
import { failure } from './failure.js';
import { getLatestUserKey, randomBytes, type UserKey } from './latest-key.js';
import { textOfUtf8, utf8BytesOf } from './utf8.js';

/** As many keys as WeChat's server knows. */
const MAX_KEYS = 3;
/** The newest first: an answer may have been sealed before the key changed. */
let known: readonly UserKey[] = [];

async function newest(): Promise<UserKey> {
  const key = await getLatestUserKey();
  known = [key, ...known.filter(({ version }) => version !== key.version)].slice(0, MAX_KEYS);
  return key;
}

/**
 * Seals something for your server, which opens it by `openUserPayload` of `@wechat-auth/node`. Say in it what it is for
 * and when it was made: a payload that is sent twice is opened twice.
 * @returns letters, digits, `.`, `-` and `_`
 * @throws AuthError USER_KEY_UNAVAILABLE; USER_PAYLOAD_INVALID for a text with half a character
 */
export async function sealPayload(payload: string | Uint8Array | ArrayBuffer): Promise<string> {
  const bytes = bytesOf(payload);
  const key = await newest();
  const nonce = await randomBytes(NONCE_LENGTH);
  const sealed = encrypt(secretOf(key), nonce, bytes, utf8BytesOf(additionalData('client', key)));
  const body = new Uint8Array(NONCE_LENGTH + sealed.length);
  body.set(nonce);
  body.set(sealed, NONCE_LENGTH);
  return sealedText(key.version, base64UrlOf(body));
}

/**
 * Opens what your server has sealed by `sealUserPayload`.
 * @throws AuthError USER_KEY_UNAVAILABLE, USER_KEY_STALE, USER_PAYLOAD_INVALID
 */
export async function openPayloadBytes(sealed: string): Promise<Uint8Array> {
  const parts = partsOfSealed(sealed);
  const body = parts && bytesOfBase64(parts.body);
  if (!parts || !body) throw failure('USER_PAYLOAD_INVALID', 'this is not a sealed payload');
  await newest();
  const key = known.find(({ version }) => version === parts.version);
  if (!key) throw failure('USER_KEY_STALE', `there is no key of version ${parts.version} here`);
  const nonce = body.slice(0, NONCE_LENGTH);
  const data = utf8BytesOf(additionalData('server', key));
  const payload = decrypt(secretOf(key), nonce, body.slice(NONCE_LENGTH), data);
  if (!payload) throw failure('USER_PAYLOAD_INVALID', 'the payload was changed, or sealed with another key');
  return payload;
}

/** As `openPayloadBytes`, as text. @throws AuthError as well where it is no UTF-8 */
export async function openPayload(sealed: string): Promise<string> {
  const bytes = await openPayloadBytes(sealed);
  try {
    return textOfUtf8(bytes);
  } catch (reason) {
    throw failure('USER_PAYLOAD_INVALID', 'the payload is no text', { reason });
  }
}

const secretOf = ({ encryptKey }: UserKey): Uint8Array => bytesOfBase64(encryptKey)!;

function bytesOf(payload: string | Uint8Array | ArrayBuffer): Uint8Array {
  if (typeof payload !== 'string') return new Uint8Array(payload);
  try {
    return utf8BytesOf(payload);
  } catch (reason) {
    throw failure('USER_PAYLOAD_INVALID', 'the text has half a character', { reason });
  }
}
