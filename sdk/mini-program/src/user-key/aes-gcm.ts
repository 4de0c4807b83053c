import { ghash } from '@noble/ciphers/_polyval.js';
import { ctr } from '@noble/ciphers/aes.js';
import { TAG_LENGTH } from '../../../shared/sealed-payload.js';

/**
 * AES-GCM (NIST SP 800-38D) with a nonce of 12 bytes and a tag of 16. The `gcm` of @noble/ciphers writes lengths by
 * BigInt and setBigUint64, which iOS before 14 lacks: so its counter mode and its GHASH are put together here.
 * @returns ciphertext and tag
 */
export function encrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  payload: Uint8Array,
  data: Uint8Array,
): Uint8Array {
  const ciphertext = ctr(key, counter(nonce, 2)).encrypt(payload);
  const sealed = new Uint8Array(ciphertext.length + TAG_LENGTH);
  sealed.set(ciphertext);
  sealed.set(tagOf(key, nonce, ciphertext, data), ciphertext.length);
  return sealed;
}

/** @returns nothing where the tag does not fit */
export function decrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  data: Uint8Array,
): Uint8Array | undefined {
  const ciphertext = sealed.slice(0, -TAG_LENGTH);
  const expected = tagOf(key, nonce, ciphertext, data);
  const difference = sealed.slice(-TAG_LENGTH).reduce((bits, byte, at) => bits | (byte ^ expected[at]!), 0);
  return difference ? undefined : ctr(key, counter(nonce, 2)).decrypt(ciphertext);
}

function tagOf(key: Uint8Array, nonce: Uint8Array, ciphertext: Uint8Array, data: Uint8Array): Uint8Array {
  const zeros = new Uint8Array(TAG_LENGTH);
  const lengths = new Uint8Array(TAG_LENGTH);
  const view = new DataView(lengths.buffer);
  writeBits(view, 0, data.length);
  writeBits(view, 8, ciphertext.length);
  const hash = ghash.create(ctr(key, zeros).encrypt(zeros));
  // Each update is filled up to a block, as GCM asks for.
  const digest = hash.update(data).update(ciphertext).update(lengths).digest();
  return ctr(key, counter(nonce, 1)).encrypt(digest);
}

function counter(nonce: Uint8Array, block: number): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set(nonce);
  bytes[15] = block;
  return bytes;
}

/** A length in bits, as 64 bits. */
function writeBits(view: DataView, offset: number, byteLength: number): void {
  view.setUint32(offset, Math.floor(byteLength / 0x20000000));
  view.setUint32(offset + 4, byteLength << 3);
}
