import { createHash, randomBytes } from 'node:crypto';

const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Random text of `length` characters out of `[0-9A-Za-z]`. */
export function alphanumeric(length: number): string {
  let text = '';
  for (const byte of randomBytes(length)) text += ALPHANUMERIC.charAt(byte % ALPHANUMERIC.length);
  return text;
}

/** 28 characters, base64url, starting `o`: always the same for the same person and app (section 8, openid). */
export function openIdOf(personId: string, appId: string): string {
  return 'o' + digest(`openid ${personId} ${appId}`).slice(0, 27);
}

/** 28 characters, base64url, starting `o`: one per person (section 8, unionid). */
export function unionIdOf(personId: string): string {
  return 'o' + digest(`unionid ${personId}`).slice(0, 27);
}

/** The made-up openid that a site gets on a snapshot page instead of the real one (section 5). */
export function snapshotOpenIdOf(personId: string, appId: string): string {
  return 'o' + digest(`snapshot ${personId} ${appId}`).slice(0, 27);
}

/** A Chinese mobile number without country code: always the same for the same person. */
export function phoneNumberOf(personId: string): string {
  const number = createHash('sha256').update(`phone ${personId}`).digest().readUInt32BE(0) % 100_000_000;
  return '139' + String(number).padStart(8, '0');
}

/** A wx.login or OAuth code: 32 alphanumerics, starting `0` (section 8). */
export function newCode(): string {
  return '0' + alphanumeric(31);
}

/** A code of the getPhoneNumber button: 64 hex digits (section 8). */
export function newPhoneCode(): string {
  return randomBytes(32).toString('hex');
}

/** The uuid of a QR login: 16 alphanumerics (section 8). */
export function newUuid(): string {
  return '0' + alphanumeric(15);
}

/** A session_key: base64 of 16 random bytes, 24 characters (section 8). */
export function newSessionKey(): string {
  return randomBytes(16).toString('base64');
}

/** An interface access_token: `NN_` + base64url, 136 characters in all (section 8). */
export function newAppToken(): string {
  return '84_' + randomBytes(100).toString('base64url').slice(0, 133);
}

/** A ticket of getticket: 86 characters of base64url, like that of vector V10 (section 14.2). */
export function newTicket(): string {
  return randomBytes(65).toString('base64url').slice(0, 86);
}

/** A user access_token or refresh_token: `NN_` + base64url, 110 characters in all (section 8). */
export function newUserToken(): string {
  return '59_' + randomBytes(81).toString('base64url').slice(0, 107);
}

/** The hint of an errmsg: 16 characters, base64url (section 0). */
export function newHint(): string {
  return randomBytes(12).toString('base64url');
}

/** A request id: three groups of 8 hex digits, the first the unix time in seconds (section 0). */
export function newRid(nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000)
    .toString(16)
    .padStart(8, '0')
    .slice(-8);
  const rest = randomBytes(8).toString('hex');
  return `${seconds}-${rest.slice(0, 8)}-${rest.slice(8)}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
