import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { AuthError } from '../../../shared/auth-error.js';
import {
  additionalData,
  type KeyName,
  NONCE_LENGTH,
  partsOfSealed,
  sealedText,
  TAG_LENGTH,
} from '../../../shared/sealed-payload.js';
import { failure } from '../failure.js';
import { optionsInvalid } from '../options.js';

/** A key of a person, as POST /v1/wechat/user-encrypt-keys gives it. */
export interface UserPayloadKey extends KeyName {
  /** Base64 of 16 bytes. */
  readonly encryptKey: string;
}

const CIPHER = 'aes-128-gcm';
const KEY_LENGTH = 16;

/**
 * Opens what a mini program has sealed by `sealPayload`. It says which person's key was used, not that it is new: a
 * payload that is sent twice is opened twice.
 * @param keys of the person, in any order
 * @throws AuthError USER_KEY_STALE (409), USER_PAYLOAD_INVALID (400); OPTIONS_INVALID for a fault of the caller
 */
export function openUserPayloadBytes(sealed: string, keys: readonly UserPayloadKey[]): Buffer {
  const parts = partsOfSealed(sealed);
  if (!parts) throw invalid('This is not a sealed payload.');
  const body = Buffer.from(parts.body, 'base64url');
  if (body.toString('base64url') !== parts.body) throw invalid('This is not a sealed payload.');
  const key = keys.find(({ version }) => version === parts.version);
  if (!key) {
    throw failure('USER_KEY_STALE', {
      status: 409,
      detail: `There is no key of version ${parts.version}. The mini program has to seal it anew.`,
    });
  }
  const decipher = createDecipheriv(CIPHER, secretOf(key), body.subarray(0, NONCE_LENGTH), {
    authTagLength: TAG_LENGTH,
  });
  decipher.setAAD(Buffer.from(additionalData('client', key)));
  decipher.setAuthTag(body.subarray(-TAG_LENGTH));
  try {
    return Buffer.concat([decipher.update(body.subarray(NONCE_LENGTH, -TAG_LENGTH)), decipher.final()]);
  } catch {
    throw invalid('The payload was changed, or sealed with a key of somebody else.');
  }
}

/** As `openUserPayloadBytes`, as text. @throws AuthError USER_PAYLOAD_INVALID as well where it is no UTF-8 */
export function openUserPayload(sealed: string, keys: readonly UserPayloadKey[]): string {
  const bytes = openUserPayloadBytes(sealed, keys);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid('The payload is no text.');
  }
}

/**
 * Seals something for the person's mini program, which opens it by `openPayload`.
 * @param keys of the person, in any order: the newest is used
 * @throws AuthError OPTIONS_INVALID
 */
export function sealUserPayload(payload: string | Uint8Array, keys: readonly UserPayloadKey[]): string {
  const [key] = [...keys].sort((one, other) => other.version - one.version);
  if (!key) throw optionsInvalid('keys must have a key of POST /v1/wechat/user-encrypt-keys');
  const nonce = randomBytes(NONCE_LENGTH);
  const cipher = createCipheriv(CIPHER, secretOf(key), nonce, { authTagLength: TAG_LENGTH });
  cipher.setAAD(Buffer.from(additionalData('server', key)));
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const body = Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  return sealedText(key.version, body.toString('base64url'));
}

function secretOf({ encryptKey }: UserPayloadKey): Buffer {
  const secret = Buffer.from(encryptKey, 'base64');
  if (secret.length !== KEY_LENGTH) throw optionsInvalid('encryptKey must be base64 of 16 bytes');
  return secret;
}

function invalid(detail: string): AuthError {
  return failure('USER_PAYLOAD_INVALID', { status: 400, detail });
}
