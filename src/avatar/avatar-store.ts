import { AppError } from '../common/app-error.js';
import type { AvatarSize } from './avatar-sizes.js';

const KEY = /^[a-z0-9]{1,64}$/;

/**
 * Whether a text can be the key of a picture. Letters and digits only, so that no key can escape the store
 * (path traversal).
 */
export function isAvatarKey(text: string): boolean {
  return KEY.test(text);
}

/**
 * Storage of pictures: on disk for one machine, in a bucket for several. A key names all sizes of one picture
 * and is never reused.
 * Every method rejects with RangeError for an invalid key, and with AppError AVATAR_STORE_UNAVAILABLE if the
 * store cannot be reached within about 10 s.
 */
export abstract class AvatarStore {
  /**
   * Stores one size of a picture atomically. Idempotent.
   * @param bytes WebP
   */
  abstract put(key: string, size: AvatarSize, bytes: Buffer): Promise<void>;

  /** Returns one size of a picture; `null` if it does not exist. */
  abstract get(key: string, size: AvatarSize): Promise<Buffer | null>;

  /** Deletes all sizes of a picture. Idempotent. */
  abstract delete(key: string): Promise<void>;
}

/**
 * The file name of one size of a picture, in any store.
 * @throws RangeError for an invalid key
 */
export function avatarName(key: string, size: AvatarSize): string {
  if (!isAvatarKey(key)) throw new RangeError('not the key of a picture');
  return `${key}.${size}.webp`;
}

/**
 * The error of a store that cannot be reached.
 * @param cause for the log
 */
export function storeUnavailable(cause: unknown): AppError {
  return new AppError('AVATAR_STORE_UNAVAILABLE', { cause });
}
