import { createHmac, timingSafeEqual } from 'node:crypto';
import { types } from 'node:util';
import type { AuthError } from '../../../shared/auth-error.js';
import { failure, type SdkErrorCode } from '../failure.js';
import { numberOf, optionsInvalid } from '../options.js';
import { headerField, type HeaderFields } from './header-field.js';

/** A request with the header fields of Standard Webhooks as it was received, and how to verify it. */
export interface SignedRequest {
  /** The raw bytes, before any parsing. A string is taken as UTF-8. */
  readonly body: string | Uint8Array | ArrayBuffer;
  readonly headers: HeaderFields;
  /** WEBHOOK_SECRET. During a rotation all of them: a list, or separated by commas. */
  readonly secret: string | readonly string[];
  /** How old a request may be, and how far ahead of this host's clock (seconds). Default 300. */
  readonly tolerance?: number | undefined;
  /** The time (ms). Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

const SECRET = /^(?:whsec_)?([A-Za-z0-9+/]+={0,2})$/;
/** Shorter ones are no keys, but a variable that was set to something else (bytes). */
const MIN_SECRET_BYTES = 16;
const TIMESTAMP = /^\d{1,12}$/;

/**
 * Verifies a signature of Standard Webhooks 1.0.
 * @returns `webhook-id`, and the body as bytes
 * @throws AuthError WEBHOOK_HEADERS_INVALID, WEBHOOK_TIMESTAMP_INVALID, WEBHOOK_SIGNATURE_INVALID (all 401);
 * WEBHOOK_BODY_PARSED, OPTIONS_INVALID for faults of the caller
 */
export function signedBytesOf({ body, headers, secret, tolerance, now = Date.now }: SignedRequest): {
  readonly id: string;
  readonly bytes: Buffer;
} {
  const keys = keysOf(secret);
  const bytes = bytesOf(body);
  const id = headerField(headers, 'webhook-id');
  const timestamp = headerField(headers, 'webhook-timestamp');
  const signatures = headerField(headers, 'webhook-signature');
  if (!id || !timestamp || !signatures) {
    throw refused(
      'WEBHOOK_HEADERS_INVALID',
      'webhook-id, webhook-timestamp or webhook-signature is missing or repeated.',
    );
  }
  // The signature first: what is not signed says nothing about time.
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), bytes]);
  if (!isSigned(signed, keys, signatures)) {
    throw refused(
      'WEBHOOK_SIGNATURE_INVALID',
      'No signature fits. Check the secret, and that the body is the raw one.',
    );
  }
  const off = Math.abs(now() / 1_000 - Number(timestamp));
  if (!TIMESTAMP.test(timestamp) || off > numberOf(tolerance ?? 300, 'tolerance')) {
    throw refused('WEBHOOK_TIMESTAMP_INVALID', 'It is too old, or its time has not come. Check the clock.');
  }
  return { id, bytes: Buffer.from(bytes) };
}

/** Compares every signature with every key, in constant time each. */
function isSigned(signed: Uint8Array, keys: readonly Buffer[], signatures: string): boolean {
  const expected = keys.map((key) => createHmac('sha256', key).update(signed).digest());
  let fits = false;
  for (const each of signatures.split(' ')) {
    const [version, value = ''] = each.split(',', 2);
    if (version !== 'v1') continue;
    const given = Buffer.from(value, 'base64');
    for (const digest of expected)
      fits = (given.length === digest.length && timingSafeEqual(given, digest)) || fits;
  }
  return fits;
}

function keysOf(secret: string | readonly string[]): Buffer[] {
  const secrets = [secret]
    .flat()
    .flatMap((each: unknown) => (typeof each === 'string' ? each.split(',') : ['']));
  const keys = secrets.map((each) => Buffer.from(SECRET.exec(each.trim())?.[1] ?? '', 'base64'));
  if (keys.length === 0 || keys.some(({ length }) => length < MIN_SECRET_BYTES)) {
    throw optionsInvalid('secret must be WEBHOOK_SECRET of wechat-auth (whsec_ and base64)');
  }
  return keys;
}

function bytesOf(body: unknown): Uint8Array {
  if (typeof body === 'string') return Buffer.from(body);
  if (types.isUint8Array(body)) return body;
  if (types.isArrayBuffer(body)) return new Uint8Array(body);
  throw failure('WEBHOOK_BODY_PARSED', {
    detail:
      'The signature is of the raw bytes, but the body is not a string, Buffer or Uint8Array. Read it before it is parsed, for instance by express.raw({ type: "application/json" }).',
  });
}

function refused(code: SdkErrorCode, detail: string): AuthError {
  return failure(code, { status: 401, detail });
}
