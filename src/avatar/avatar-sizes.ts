/** Edge lengths of the stored squares in pixels, the largest first. */
export const AVATAR_SIZES = [640, 132] as const;

export type AvatarSize = (typeof AVATAR_SIZES)[number];

/** A picture in one of its sizes, as WebP. */
export interface EncodedAvatar {
  readonly size: AvatarSize;
  readonly bytes: Buffer;
}
