import sharp from 'sharp';
import { AvatarFault } from './avatar-fault.js';
import { AVATAR_SIZES, type AvatarSize } from './avatar-store.js';

/** A picture in one of its sizes, as WebP. */
export interface EncodedAvatar {
  readonly size: AvatarSize;
  readonly bytes: Buffer;
}

/** Far more than any phone's camera makes of 2 MB; what unfolds to more is meant to harm. */
const MAX_PIXELS = 24_000_000;
const MAX_SECONDS = 5;
const QUALITY = 82;

/** How the kinds that are taken begin. Nothing else reaches a decoder: SVG runs code, others are rarely looked after. */
const KINDS: Readonly<Record<string, (bytes: Buffer) => boolean>> = {
  jpeg: (bytes) => bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff])),
  png: (bytes) => bytes.subarray(0, 8).toString('latin1') === '\x89PNG\r\n\x1a\n',
  gif: (bytes) => /^GIF8[79]a$/.test(bytes.subarray(0, 6).toString('latin1')),
  webp: (bytes) => /^RIFF[^]{4}WEBP$/.test(bytes.subarray(0, 12).toString('latin1')),
};

/**
 * A picture from elsewhere as one of our own: square, upright, sRGB, without metadata, in every size. Of a moving
 * picture the first frame. Encoded anew, so that nothing that was hidden in the file is served from here.
 * @throws AvatarFault content
 */
export async function encodeAvatar(bytes: Buffer): Promise<EncodedAvatar[]> {
  const kind = Object.keys(KINDS).find((name) => KINDS[name]?.(bytes));
  if (kind === undefined) throw new AvatarFault('content', 'unknown kind');
  try {
    return await encode(bytes, kind);
  } catch (error) {
    if (error instanceof AvatarFault) throw error;
    throw new AvatarFault('content', 'cannot be decoded');
  }
}

async function encode(bytes: Buffer, kind: string): Promise<EncodedAvatar[]> {
  const [largestSize] = AVATAR_SIZES;
  const picture = sharp(bytes, { failOn: 'error', limitInputPixels: MAX_PIXELS });
  const { format } = await picture.metadata();
  if (format !== kind) throw new AvatarFault('content', 'unknown kind');
  // Decoded once, and no more than needed; the sizes are made of the square.
  const { data, info } = await picture
    .autoOrient()
    .resize({ width: largestSize, height: largestSize, fit: 'cover' })
    .toColourspace('srgb')
    .raw()
    .timeout({ seconds: MAX_SECONDS })
    .toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  return Promise.all(
    AVATAR_SIZES.map(async (size) => ({
      size,
      bytes: await sharp(data, { raw }).resize(size, size).webp({ quality: QUALITY }).toBuffer(),
    })),
  );
}
