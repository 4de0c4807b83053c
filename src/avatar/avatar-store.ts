import { AppError } from '../common/app-error.js';

/** Edges of the stored squares in pixels, the largest first. */
export const AVATAR_SIZES = [640, 132] as const;

/** One of them. */
export type AvatarSize = (typeof AVATAR_SIZES)[number];

const KEY = /^[a-z0-9]{1,64}$/;

/** Whether a text can be the key of a picture: letters and digits alone, so that no key leads out of the store. */
export function isAvatarKey(text: string): boolean {
  return KEY.test(text);
}

/**
 * Copies of pictures behind one small port; on disk for one machine, in a bucket for several. A key names all
 * sizes of one picture and never gets another one.
 *
 * Every method rejects with RangeError for a key that is none, and with AppError AVATAR_STORE_UNAVAILABLE when the
 * store cannot be reached, within about 10 s.
 */
export abstract class AvatarStore {
  /** Stores one size of a picture: wholly, or not at all. Again is no error. @param bytes WebP */
  abstract put(key: string, size: AvatarSize, bytes: Buffer): Promise<void>;

  /** One size of a picture; `null` where there is none. */
  abstract get(key: string, size: AvatarSize): Promise<Buffer | null>;

  /** Deletes all sizes of a picture. One that is not there is no error. */
  abstract delete(key: string): Promise<void>;
}

/** The name of one size of a picture, in any store. @throws RangeError for a key that is none */
export function avatarName(key: string, size: AvatarSize): string {
  if (!isAvatarKey(key)) throw new RangeError('not the key of a picture');
  return `${key}.${size}.webp`;
}

/** What a store answers when it cannot be reached. @param cause for the log */
export function storeUnavailable(cause: unknown): AppError {
  return new AppError('AVATAR_STORE_UNAVAILABLE', { cause });
}
